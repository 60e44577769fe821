import pytest

from posture.checks.email import signing
from posture.checks.email.facts import DkimDiscovery
from posture.checks.email.signing import Strength
from posture.model import Domain, Failed, Reason, Status, Verdict
from tests.checks.email.dkim_keys import ED25519, RSA_512, RSA_1024, RSA_2048
from tests.checks.email.dkim_world import BASE, KEY, WildResolver, keys, routes, seen
from tests.checks.email.world import (
    DOMAIN,
    NAME,
    PARKED,
    SENDER,
    Case,
    Zones,
    case_name,
    check_case,
)
from tests.checks.pages import wording_problems

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
WITHDRAWN = "v=DKIM1; p="
TARGET = "s1.domainkey.u1.wl1.sendgrid.net"
LIMITS = Strength(bits=2048, floor=1024)
PUBLIC = {"A": ["192.0.2.1"]}
LOST = Failed(reason=Reason.TIMEOUT)
DENIED = WildResolver(keys(), BASE, {"TXT": [WITHDRAWN]})
CLOSED = WildResolver({NAME: {"MX": ["0 ."]}}, BASE, {"TXT": [WITHDRAWN]})
JUNK = WildResolver(keys(), BASE, {"TXT": ["v=spf1 -all"]})
EVERYWHERE = WildResolver(keys(), BASE, {"TXT": [KEY]})


def found(zones: Zones | WildResolver) -> DkimDiscovery:
    fact = seen(zones)
    assert isinstance(fact, DkimDiscovery)
    return fact


def with_mx(host: str, *texts: str) -> Zones:
    zones = keys(*texts)
    return {**zones, NAME: {**zones[NAME], "MX": [f"10 {host}."]}}


def present(
    zones: Zones | WildResolver, domain: Domain = SENDER, *, blind: bool = False
) -> Verdict:
    mx, spf = (LOST, LOST) if blind else routes(zones)
    return signing.present(domain, found(zones), mx, spf)


def strength(zones: Zones | WildResolver, domain: Domain = SENDER) -> Verdict:
    return signing.strength(domain, found(zones), LIMITS)


def usable(zones: Zones | WildResolver, domain: Domain = SENDER) -> Verdict:
    return signing.usable(domain, found(zones))


def unseen(domain: str = "google") -> Zones:
    return keys(**{domain: "TIMEOUT"})


UNKNOWN_SELECTOR = {**keys(), f"secret.{BASE}": {"TXT": [KEY]}}

PRESENT: list[Case] = [
    ("key", present(keys(google=KEY)), PASS, "ok", None),
    ("key of a domain of which nothing was said", present(keys(google=KEY), DOMAIN), PASS, "ok",
     None),
    ("many keys", present(keys(**dict.fromkeys(("s1", "s2", "k1", "k2", "k3", "mx"), KEY))), PASS,
     "ok", None),
    ("key beside one not seen", present(keys(google=KEY, s1="TIMEOUT")), PASS, "ok", None),
    ("none", present(keys()), FAIL, "none", "publish"),
    ("none, nothing else seen", present(keys(), blind=True), FAIL, "none", "publish"),
    ("none, Microsoft", present(with_mx("x.mail.protection.outlook.com")), FAIL, "none",
     "microsoft"),
    ("none, Google", present(with_mx("aspmx.l.google.com")), FAIL, "none", "google"),
    ("none, takes and lets send", present(with_mx("mx.example.net", "v=spf1 mx -all"), DOMAIN),
     FAIL, "none", "publish"),
    ("none, takes and lets nobody send", present(with_mx("mx.example.net", "v=spf1  -ALL"), DOMAIN),
     AWAY, "closed", None),
    ("none, takes, SPF in disorder", present(with_mx("mx.example.net", "v=spf1 moo -all"), DOMAIN),
     UNKNOWN, "not_said", None),
    ("none, takes, SPF lets all", present(with_mx("mx.example.net", "v=spf1 ?all"), DOMAIN),
     UNKNOWN, "not_said", None),
    ("none, null MX", present({NAME: {"MX": ["0 ."]}}, DOMAIN), AWAY, "closed", None),
    ("wildcard, null MX", present(CLOSED, DOMAIN), AWAY, "closed", None),
    ("wildcard, not said", present(DENIED, DOMAIN), UNKNOWN, "unclear", None),
    ("none, nothing known", present(keys(), DOMAIN, blind=True), UNKNOWN, "not_said", None),
    ("parked", present(keys(), PARKED), AWAY, "parked", None),
    ("withdrawn only", present(keys(google=WITHDRAWN)), UNKNOWN, "hidden", None),
    ("unreadable only", present(keys(google="hello")), UNKNOWN, "hidden", None),
    ("another selector", present(UNKNOWN_SELECTOR), UNKNOWN, "hidden", None),
    ("wildcard", present(DENIED), UNKNOWN, "unclear", None),
    ("not seen", present(unseen()), UNKNOWN, "unseen", None),
]  # fmt: skip

STRENGTH: list[Case] = [
    ("2048", strength(keys(google=KEY)), PASS, "ok", None),
    ("ed25519", strength(keys(s1=f"k=ed25519; p={ED25519}")), PASS, "ok_ed25519", None),
    ("ed25519 beside 2048", strength(keys(s1=f"k=ed25519; p={ED25519}", s2=KEY)), PASS, "ok", None),
    ("1024", strength(keys(google=f"p={RSA_1024}")), Status.PARTIAL, "short", "replace"),
    ("1024 of a service", strength({**keys(s1=f"->{TARGET}"), TARGET: {"TXT": [f"p={RSA_1024}"]}}),
     Status.PARTIAL, "short", "ask"),
    ("512 beside 2048", strength(keys(google=KEY, s1=f"p={RSA_512}")), FAIL, "broken", "replace"),
    ("512, parked", strength(keys(s1=f"p={RSA_512}"), PARKED), FAIL, "broken", "replace"),
    ("512 withdrawn", strength(keys(google=KEY, s1=WITHDRAWN)), PASS, "ok", None),
    ("none", strength(keys()), AWAY, "no_key", None),
    ("withdrawn only, parked", strength(DENIED, PARKED), AWAY, "no_key", None),
    ("withdrawn only", strength(keys(google=WITHDRAWN)), UNKNOWN, "hidden", None),
    ("unknown kind", strength(keys(google="k=pq; p=AA")), UNKNOWN, "hidden", None),
    ("another selector", strength(UNKNOWN_SELECTOR), UNKNOWN, "hidden", None),
    ("wildcard", strength(DENIED), UNKNOWN, "unclear", None),
    ("wildcard, not said", strength(DENIED, DOMAIN), AWAY, "no_key", None),
    ("wildcard of junk, not said", strength(JUNK, DOMAIN), UNKNOWN, "unclear", None),
    ("wildcard of keys, not said", strength(EVERYWHERE, DOMAIN), UNKNOWN, "unclear", None),
    ("not seen", strength(unseen()), UNKNOWN, "unseen", None),
]  # fmt: skip

SEVERAL = {**keys(), f"google.{BASE}": {"TXT": [KEY, f"p={RSA_1024}"]}}
BEHIND = {**keys(s1=f"->{TARGET}"), TARGET: {"TXT": [f"t=y; p={RSA_2048}"]}}

USABLE: list[Case] = [
    ("key", usable(keys(google=KEY)), PASS, "ok", None),
    ("withdrawn beside a key", usable(keys(google=KEY, s1="v=DKIM1; t=y; p=")), PASS, "ok", None),
    ("unreadable", usable(keys(google=KEY, s1="v=DKIM1; p=?")), FAIL, "unreadable", "correct"),
    ("several", usable(SEVERAL), FAIL, "several", "correct"),
    ("kind", usable(keys(google="k=pq; p=AA")), FAIL, "kind", "correct"),
    ("sha1", usable(keys(google=f"h=sha1; p={RSA_2048}")), FAIL, "sha1", "retag"),
    ("services", usable(keys(google=f"s=voice; p={RSA_2048}")), FAIL, "services", "retag"),
    ("testing", usable(keys(google=f"t=y; p={RSA_2048}")), FAIL, "testing", "retag"),
    ("testing at a service", usable(BEHIND), FAIL, "testing", "ask"),
    ("limited", usable(keys(google=f"g=; p={RSA_2048}")), FAIL, "limited", "retag"),
    ("the worst first", usable(keys(google=f"t=y; p={RSA_2048}", s1=f"h=sha1; p={RSA_2048}")),
     FAIL, "sha1", "retag"),
    ("dangling", usable(keys(google=KEY, s1=f"->{TARGET}")), FAIL, "dangling", "restore"),
    ("dangling at an unknown service", usable(keys(google=KEY, s1="->a.b.example")), FAIL,
     "dangling", "restore"),
    ("next key of a service", usable({**keys(s1=f"->{TARGET}", s2=f"->x.{TARGET}"),
                                      TARGET: {"TXT": [KEY]}}), PASS, "ok", None),
    ("next key of an unknown service", usable({**keys(s1="->a.b.example", s2="->c.b.example"),
                                               "a.b.example": {"TXT": [KEY]}}), PASS, "ok", None),
    ("none", usable(keys()), AWAY, "no_key", None),
    ("another selector", usable(UNKNOWN_SELECTOR), UNKNOWN, "hidden", None),
    ("wildcard", usable(DENIED), UNKNOWN, "unclear", None),
    ("not seen", usable(unseen()), UNKNOWN, "unseen", None),
    ("not seen beside a key", usable(keys(google=KEY, s1="TIMEOUT")), PASS, "ok", None),
]  # fmt: skip


@pytest.mark.parametrize("case", PRESENT, ids=case_name)
def test_present(case: Case) -> None:
    check_case(case)


@pytest.mark.parametrize("case", STRENGTH, ids=case_name)
def test_strength(case: Case) -> None:
    check_case(case)
    assert (case[1].share is not None) == (case[1].status is Status.PARTIAL)


@pytest.mark.parametrize("case", USABLE, ids=case_name)
def test_usable(case: Case) -> None:
    check_case(case)


@pytest.mark.parametrize(
    ("check", "cases"),
    [
        ("email.dkim.present", PRESENT),
        ("email.dkim.strength", STRENGTH),
        ("email.dkim.usable", USABLE),
    ],
)
def test_every_text_is_used_and_can_be_filled(check: str, cases: list[Case]) -> None:
    verdicts = [case[1] for case in cases]
    assert wording_problems("posture.checks.email", check, verdicts) == []


def test_the_shortest_key_is_named() -> None:
    verdict = strength(keys(google=KEY, s1=f"p={RSA_1024}", s2=f"p={RSA_512}"))
    assert (verdict.values["selector"], verdict.values["bits"]) == ("s2", 512)


def test_many_keys_are_counted() -> None:
    assert PRESENT[2][1].values["keys"] == "s1, s2, k1, k2, k3 and 1 more"


def test_the_service_is_named_by_where_its_alias_leads() -> None:
    verdict = usable(BEHIND)
    assert verdict.values["key"] == "s1 (Twilio SendGrid)"
    assert verdict.evidence[0].source == f"TXT s1.{BASE}"
    assert verdict.evidence[0].record == f"→ {TARGET} t=y; p={RSA_2048}"
