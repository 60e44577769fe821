"""What sifted answers prove about versions, and whose order decides."""

from collections.abc import Sequence

from posture.net.tls import iana
from posture.net.tls.asker import CLOSED, Heard
from posture.net.tls.flight import Flight
from posture.net.tls.sift import Sifted
from posture.net.tls.ssl2 import Ssl2Hello
from posture.net.tls.survey import Order, Settled, VersionSurvey
from posture.net.tls.versions import Outcome

_EC_KEY = bytes.fromhex("06072a8648ce3d0201")
_CURVE_OIDS = {
    bytes.fromhex("06082a8648ce3d030107"): 0x0017,
    bytes.fromhex("06052b81040022"): 0x0018,
    bytes.fromhex("06052b81040023"): 0x0019,
}


def judge(found: Sifted | None, order: Order, stopped: str) -> VersionSurvey:
    """Conclude on one version from its suites; None: it was not asked for."""
    if found is None or not (found.accepted or found.refused or found.unclear):
        return VersionSurvey(outcome=Outcome.INCONCLUSIVE, detail=stopped or "not asked")
    inconclusive = tuple(sorted(found.unclear))
    dying = tuple(sorted(found.dying & found.unclear.keys()))
    if found.accepted:
        suites = tuple(found.accepted)
        return VersionSurvey(
            outcome=Outcome.ACCEPTED,
            detail=f"chose suite {suites[0]:#06x}",
            suites=suites,
            inconclusive=inconclusive,
            dying=dying,
            order=order,
        )
    if inconclusive:
        detail = found.unclear[inconclusive[0]]
        return VersionSurvey(
            outcome=Outcome.INCONCLUSIVE, detail=detail, inconclusive=inconclusive, dying=dying
        )
    detail = found.said or f"answers as to what nobody supports: {found.manner}"
    return VersionSurvey(outcome=Outcome.REFUSED, detail=detail)


def judge_ssl2(heard: Heard | None, answers: Sequence[Ssl2Hello], *, alive: bool) -> VersionSurvey:
    """Conclude on SSL 2.0. ``alive``: the same server answers TLS, before and afterwards.

    A server of SSL 2.0 answers a hello that offers every cipher kind by its own hello; one that
    hangs up or sends an alert of TLS instead does not speak it.
    """
    if heard is None:
        return VersionSurvey(outcome=Outcome.INCONCLUSIVE, detail="not asked")
    if answers and answers[0].ciphers:
        return VersionSurvey(
            outcome=Outcome.ACCEPTED, detail="sent SERVER-HELLO", suites=answers[0].ciphers
        )
    no = alive and (heard.alert is not None or heard.how == CLOSED)
    detail = heard.detail if not answers else "sent SERVER-HELLO without a cipher"
    return VersionSurvey(outcome=Outcome.REFUSED if no else Outcome.INCONCLUSIVE, detail=detail)


def settle(*parts: Sifted) -> Settled:
    """Put the results of several sieves together."""
    accepted = {item for part in parts for item in part.accepted}
    unclear = {item for part in parts for item in part.unclear}
    return Settled(accepted=tuple(sorted(accepted)), inconclusive=tuple(sorted(unclear - accepted)))


def prefers_later(found: Sifted) -> bool:
    """Whether it once passed over a suite that it accepts for one that was offered later."""
    return any(
        next(each for each in offered if each in found.accepted) != suite
        for suite, offered in found.offered.items()
    )


def unbiased_pair(found: Sifted) -> tuple[int, int] | None:
    """Return two suites of which it chose the first, offered first; None when none were met.

    Not ChaCha20: some servers prefer it just when a client does.
    """
    plain = [suite for suite in found.accepted if "CHACHA20" not in iana.suite_name(suite)]
    for suite, offered in found.offered.items():
        others = [each for each in plain if each in offered and each != suite]
        if suite in plain and others:
            return suite, others[0]
    return None


def certificate_curve(flight: Flight | None) -> int | None:
    """Return the curve of the key of the server's certificate; None when it is not on one."""
    if flight is None or not flight.certificates:
        return None
    leaf = flight.certificates[0]
    at = leaf.find(_EC_KEY)
    rest = leaf[at + len(_EC_KEY) :]
    return next((curve for oid, curve in _CURVE_OIDS.items() if rest.startswith(oid)), None)
