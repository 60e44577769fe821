"""Facts to judge, built in one line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from posture.checks.tls.facts import (
    Certificate,
    Outcome,
    Presented,
    StartTls,
    TlsStart,
    Trust,
    TrustResult,
    VersionProbe,
)
from posture.model import Moment

TAKEN = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENT = Moment(taken=TAKEN, valid_at=TAKEN)
DAY = timedelta(days=1)

LEAF = Certificate(
    subject="CN=www.example.com",
    issuer="CN=R10,O=Let's Encrypt,C=US",
    common_name="www.example.com",
    names=("www.example.com",),
    addresses=(),
    serial="4a1b",
    not_before=TAKEN - 30 * DAY,
    not_after=TAKEN + 60 * DAY,
    key="EC secp256r1",
    key_bits=256,
    signature="sha256WithRSAEncryption",
    self_issued=False,
    sha256="ab" * 32,
    spki_sha256="cd" * 32,
)
PRESENTED = Presented(
    host="www.example.com",
    address="192.0.2.1",
    version="TLSv1.3",
    suite="TLS_AES_256_GCM_SHA384",
    sent=2,
    chain=(LEAF,),
    name_matches=True,
    trust=Trust(
        result=TrustResult.TRUSTED,
        detail="",
        anchor="CN=ISRG Root X1",
        store="certifi 2026.10.18",
    ),
)
STARTTLS = StartTls(
    address="192.0.2.25",
    banner="220 mx.example.com ESMTP",
    keywords=("PIPELINING", "STARTTLS"),
    offered=True,
    stripped=False,
    answer="220 go",
    accepted=True,
    start=TlsStart.SPOKEN,
    detail="",
)


def trusting(result: str, detail: str = "") -> Presented:
    """As verification left it."""
    trust = replace(PRESENTED.trust, result=TrustResult(result), detail=detail)
    return replace(PRESENTED, trust=trust)


def named(*names: str, matches: bool) -> Presented:
    """With these names."""
    return replace(PRESENTED, chain=(replace(LEAF, names=names),), name_matches=matches)


def living(days: float, left: float) -> Presented:
    """A certificate of ``days`` days, ``left`` of which are left."""
    end = TAKEN + left * DAY
    return replace(PRESENTED, chain=(replace(LEAF, not_before=end - days * DAY, not_after=end),))


def probes(*outcomes: str) -> tuple[VersionProbe, ...]:
    """Outcomes of TLS 1.0 and up: ``+`` accepted, ``-`` refused, ``?`` inconclusive."""
    meaning = {"+": Outcome.ACCEPTED, "-": Outcome.REFUSED, "?": Outcome.INCONCLUSIVE}
    return tuple(
        VersionProbe(version=f"TLS 1.{minor}", outcome=meaning[outcome], detail="seen")
        for minor, outcome in enumerate(outcomes)
    )
