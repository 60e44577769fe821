"""Suites, what guidelines make of them, and whose servers are left alone."""

from dataclasses import replace

import pytest

from posture.checks.tls import guidelines, providers, suites
from posture.checks.tls.facts import Outcome
from posture.checks.tls.guidelines import Level, kinds
from posture.checks.tls.suites import Suites
from posture.checks.tls.survey_facts import (
    Features,
    MailSurvey,
    Options,
    Order,
    Surveyed,
    SurveyedVersion,
    WebSurvey,
)
from posture.model import Reason, Status, Verdict
from posture.net.tls import iana

WEB, MAIL = Suites(guideline="smb-web"), Suites(guideline="smb-mail")
GCM, TLS13 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"
CBC, STATIC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256"
RC4, NULL = "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_NULL_SHA"
ANON = "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"
NOTHING = Options(accepted=(), inconclusive=())
LABELS = ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")


def version(label: str, *accepted: str, unclear: tuple[str, ...] = ()) -> SurveyedVersion:
    return SurveyedVersion(
        version=label,
        outcome=Outcome.ACCEPTED if accepted else Outcome.REFUSED,
        detail="alert 70 protocol_version",
        suites=accepted,
        inconclusive=unclear,
        dying=(),
        order=Order.INCONCLUSIVE,
    )


def surveyed(*versions: SurveyedVersion, degraded: bool = False) -> Surveyed:
    given = {seen.version: seen for seen in versions}
    features = dict.fromkeys(Features.__dataclass_fields__)
    return Surveyed(
        host="www.example.com",
        address="192.0.2.1",
        versions=tuple(given.get(label, version(label)) for label in LABELS),
        groups=(),
        signatures=NOTHING,
        diffie_hellman=(),
        features=Features(**features),
        connections=40,
        stopped="",
        degraded=degraded,
    )


MODERN = surveyed(version("TLS 1.2", GCM), version("TLS 1.3", TLS13))
NEITHER = replace(version("TLS 1.0"), outcome=Outcome.INCONCLUSIVE, detail="closed")
SILENT = tuple(replace(NEITHER, version=label) for label in LABELS)
TABLE = [
    (MODERN, Status.PASS, "ok", None),
    (surveyed(version("TLS 1.2", GCM, CBC)), Status.PASS, "ok", "noted"),
    (surveyed(version("TLS 1.2", GCM, STATIC)), Status.PARTIAL, "phase_out", None),
    (surveyed(version("TLS 1.2", GCM, STATIC, RC4)), Status.FAIL, "refused", None),
    (surveyed(version("TLS 1.2", GCM), version("TLS 1.0", NULL)), Status.FAIL, "refused", None),
    (surveyed(version("TLS 1.2", RC4), degraded=True), Status.FAIL, "refused", None),
    (surveyed(version("SSL 2.0", "SSL_CK_DES_64_CBC_WITH_MD5")), Status.FAIL, "refused", None),
    (surveyed(), Status.UNKNOWN, "nothing", None),
    (surveyed(*SILENT), Status.UNKNOWN, "nothing", None),
    (replace(MODERN, degraded=True), Status.UNKNOWN, "inconclusive", None),
    (replace(MODERN, versions=(*MODERN.versions, NEITHER)), Status.UNKNOWN, "inconclusive", None),
    (surveyed(version("TLS 1.2", GCM, unclear=(RC4,))), Status.UNKNOWN, "inconclusive", None),
    # What could not be settled would be allowed as well.
    (surveyed(version("TLS 1.2", GCM, unclear=(CBC,))), Status.PASS, "ok", None),
]


def of_site(seen: Surveyed | None, provider: str = "", settings: Suites = WEB) -> Verdict:
    return suites.web(WebSurvey(surveyed=seen, provider=provider), settings)


def of_server(seen: Surveyed | None, provider: str = "", settings: Suites = MAIL) -> Verdict:
    return suites.mail(MailSurvey(surveyed=seen, provider=provider), settings)


@pytest.mark.parametrize(("seen", "status", "says", "near_miss"), TABLE)
def test_suites_of_a_site(seen: Surveyed, status: Status, says: str, near_miss: str | None) -> None:
    verdict = of_site(seen)
    assert (verdict.status, verdict.says, verdict.near_miss) == (status, says, near_miss)
    assert (verdict.reason is Reason.INCONCLUSIVE) == (status is Status.UNKNOWN)
    assert len(verdict.evidence) == len(seen.versions)


@pytest.mark.parametrize(
    ("suite", "status"),
    [
        (GCM, Status.PASS),
        (ANON, Status.PASS),
        (STATIC, Status.PASS),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", Status.PASS),
        (RC4, Status.PARTIAL),
        (NULL, Status.FAIL),
        ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", Status.FAIL),
    ],
)
def test_mail_is_judged_milder(suite: str, status: Status) -> None:
    assert of_server(surveyed(version("TLS 1.2", suite))).status is status


def test_what_is_a_providers_or_not_encrypted_is_not_judged() -> None:
    for verdict, says in (
        (of_site(None, "Cloudflare"), "provider"),
        (of_server(None, "Microsoft"), "provider"),
        (of_server(None), "no_starttls"),
    ):
        assert (verdict.status, verdict.says) == (Status.NOT_APPLICABLE, says)


def test_evidence_lists_the_worst_first() -> None:
    record = of_site(surveyed(version("TLS 1.2", GCM, RC4, unclear=(CBC,)))).evidence[4].record
    assert record.startswith(f"accepted: {RC4} (refused), {GCM} (good)")
    assert record.endswith("; 1 not settled")
    many = [name for name in iana.suites().values() if "WITH" in name]
    verdict = of_site(surveyed(version("TLS 1.2", *many)))
    assert verdict.evidence[4].record.endswith(f", {len(many) - suites.LISTED} more")
    assert "more" in verdict.observed


@pytest.mark.parametrize(
    ("guideline", "good", "old", "bad"),
    [
        ("mozilla-modern", TLS13, None, GCM),
        ("mozilla-intermediate", GCM, None, CBC),
        (
            "ncsc-nl-2025-05",
            "TLS_AES_256_GCM_SHA384",
            "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        ),
    ],
)
def test_other_guidelines_are_stricter(
    guideline: str, good: str, old: str | None, bad: str
) -> None:
    found = guidelines.shipped()[guideline]
    assert (found.level(good), found.level(bad)) == (Level.GOOD, Level.REFUSED)
    assert of_site(surveyed(version("TLS 1.2", bad)), settings=Suites(guideline=guideline)).status
    assert old is None or found.level(old) is Level.PHASE_OUT


def test_every_name_in_a_guideline_is_a_suite() -> None:
    names = {*iana.suites().values()}
    every = {kind for suite in (*names, *iana.ssl2_ciphers().values()) for kind in kinds(suite)}
    for guideline in guidelines.shipped().values():
        assert guideline.title
        assert not guideline.suites.keys() - names
        assert not guideline.kinds.keys() - every


def test_an_unknown_guideline_is_no_guideline() -> None:
    verdict = of_site(MODERN, settings=Suites(guideline="mine"))
    assert (verdict.status, verdict.says) == (Status.UNKNOWN, "guideline")


@pytest.mark.parametrize(
    ("suite", "expected"),
    [
        (TLS13, ""),
        (GCM, ""),
        (STATIC, "static"),
        (NULL, "null static"),
        (ANON, "anonymous cbc"),
        ("TLS_SHA256_SHA256", "null"),
        ("TLS_ECCPWD_WITH_AES_128_GCM_SHA256", ""),
        ("TLS_DHE_PSK_WITH_AES_128_GCM_SHA256", ""),
        ("TLS_PSK_DHE_WITH_AES_128_CCM_8", ""),
        ("TLS_PSK_WITH_AES_128_CCM", "static"),
        ("TLS_RSA_WITH_DES_CBC_SHA", "des cbc static"),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "short-block cbc static"),
        ("TLS_RSA_WITH_IDEA_CBC_SHA", "short-block cbc static"),
        ("TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA", "anonymous export des cbc"),
        ("TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA", "export des cbc static"),
        ("TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", "export rc2 cbc static"),
        ("TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA", "export des cbc static"),
        ("TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC", "static"),
        ("TLS_GOSTR341112_256_WITH_MAGMA_MGM_L", "short-block"),
        ("SSL_CK_RC4_128_WITH_MD5", "rc4 static"),
        ("SSL_CK_RC4_128_EXPORT40_WITH_MD5", "rc4 export static"),
        ("SSL_CK_DES_64_CBC_WITH_MD5", "des cbc static"),
        ("SSL_CK_DES_192_EDE3_CBC_WITH_MD5", "short-block cbc static"),
        ("0xFE01", ""),
    ],
)
def test_what_a_name_says(suite: str, expected: str) -> None:
    assert kinds(suite) == {*expected.split()}


def test_static_is_what_has_no_ephemeral_key() -> None:
    """Against the part of the name before WITH, for every suite there is."""
    for number, name in iana.suites().items():
        method = iana.key_exchange(number)
        ephemeral = method.startswith(("DHE", "ECDHE", "ECCPWD", "TLS13")) or "anon" in method
        if not ephemeral and not method.startswith("SRP"):
            assert "static" in kinds(name), name
        else:
            assert "static" not in kinds(name), name


@pytest.mark.parametrize(
    ("names", "addresses", "expected"),
    [
        (["example-com.mail.protection.outlook.com"], [], "Microsoft"),
        (["ASPMX.L.Google.com."], [], "Google"),
        (["in1-smtp.messagingengine.com"], [], "Fastmail"),
        (["route1.mx.cloudflare.net"], [], "Cloudflare"),
        (["www.example.com", "shops.myshopify.com"], [], "Shopify"),
        (["www.example.com"], ["192.0.2.1", "104.21.5.6"], "Cloudflare"),
        (["www.example.com"], ["2606:4700::6810:1"], "Cloudflare"),
        (["notoutlook.com"], ["192.0.2.1"], ""),
        (["outlook.com.example.com"], ["2001:db8::1"], ""),
    ],
)
def test_whose_server_it_is(names: list[str], addresses: list[str], expected: str) -> None:
    assert providers.provider_of(names, addresses) == expected


def test_the_table_of_providers_is_tidy() -> None:
    names = [name for found in providers.shipped() for name in found.names]
    assert names == [name.lower().strip(".") for name in names]
    assert len(names) == len(set(names))


NO_SUCH = Suites(guideline="mine")
VERDICTS = {
    "tls.web.suites": [
        *(of_site(row[0]) for row in TABLE),
        of_site(None, "Google"),
        of_site(MODERN, settings=NO_SUCH),
    ],
    "tls.mail.suites": [
        *(of_server(row[0]) for row in TABLE),
        of_server(None, "Google"),
        of_server(None),
        of_server(MODERN, settings=NO_SUCH),
    ],
}
