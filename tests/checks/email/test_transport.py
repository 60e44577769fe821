"""MTA-STS: from what a domain publishes to what is said of it."""

import pytest

from posture.checks.email import collect_transport, transport
from posture.checks.email.facts import Mx
from posture.checks.email.transport_facts import Fetch, MtaSts, MtaStsPolicy
from posture.model import CollectError, Failed, Reason, Status, Verdict
from posture.net import CertificateError
from posture.net.http import HttpResponse
from posture.testing import FakeHttp, FakeNet, FakeResolver, observe
from tests.checks.email.world import DOMAIN, NAME, Zones, mx
from tests.checks.pages import wording_problems
from tests.checks.tls.facts import MOMENT

PASS, FAIL, PARTIAL, AWAY = Status.PASS, Status.FAIL, Status.PARTIAL, Status.NOT_APPLICABLE
HOST = f"mta-sts.{NAME}"
URL = f"https://{HOST}/.well-known/mta-sts.txt"
RECORD = "v=STSv1; id=1"
PUBLIC = {"A": ["198.51.100.5"]}
LASTING = transport.Lasting(max_age=86400)
Seen = tuple[MtaSts, MtaStsPolicy, Mx]


def policy(*lines: str, mode: str = "enforce", age: int = 86400) -> str:
    names = lines or ("mx1.example.net",)
    return "\n".join(
        ["version: STSv1", f"mode: {mode}", *(f"mx: {name}" for name in names), f"max_age: {age}"]
    )


def page(
    text: str = "",
    status: int = 200,
    kind: str | None = "text/plain; charset=utf-8",
    **headers: str,
) -> HttpResponse:
    sent = {"Content-Type": kind, **headers}
    return HttpResponse(
        url=URL,
        status=status,
        headers=tuple((key, value) for key, value in sent.items() if value),
        body=text.encode(),
    )


def zones(*records: str, mail: tuple[str, ...] = ("10 mx1.example.net.",)) -> Zones:
    hosts = {item.split()[1].rstrip("."): PUBLIC for item in mail if not item.endswith(" .")}
    return {
        NAME: {"MX": list(mail)},
        **hosts,
        HOST: PUBLIC,
        **({f"_mta-sts.{NAME}": {"TXT": list(records)}} if records else {}),
    }


def seen(found: Zones, answer: HttpResponse | CollectError | None = None) -> Seen:
    servers = mx(found)
    record = observe(collect_transport.mta_sts, DOMAIN, FakeNet(found))
    http = FakeHttp({URL: answer} if answer else {})
    return record, observe(collect_transport.mta_sts_policy, DOMAIN, record, http), servers


def fetched(text: str, *mail: str) -> Seen:
    return seen(zones(RECORD, mail=mail or ("10 mx1.example.net.",)), page(text))


TWO = ("10 mx1.example.net.", "20 mx2.example.net.")
NO_RECORD = seen(zones())
NO_MAIL = seen(zones(RECORD, mail=("0 .",)))
GOOD = fetched(policy())
# name, what is seen; what present, valid, covers and enforced say
CASES: list[tuple[str, Seen, tuple[str, str, str, str]]] = [
    ("good", GOOD, ("ok", "ok", "ok", "ok")),
    ("no record", NO_RECORD, ("none", "none", "no_policy", "no_policy")),
    ("no mail", NO_MAIL, ("no_mail", "none", "no_policy", "no_policy")),
    ("no MX", seen({NAME: {}}), ("no_mail", "none", "no_policy", "no_policy")),
    ("an alias alone is no record",
     seen({**zones(), f"_mta-sts.{NAME}": {"CNAME": ["www.example.com."]}}),
     ("none", "none", "no_policy", "no_policy")),
    ("other texts", seen(zones("v=spf1 -all")), ("none", "none", "no_policy", "no_policy")),
    ("other texts beside it", seen(zones("v=spf1 -all", RECORD), page(policy())),
     ("ok", "ok", "ok", "ok")),
    ("two records", seen(zones(RECORD, "v=STSv1; id=2")),
     ("ok", "several", "no_policy", "no_policy")),
    ("a bad id", seen(zones("v=STSv1; id=2026-01-01")),
     ("ok", "syntax", "no_policy", "no_policy")),
    ("a bad beginning", seen(zones("v=stsv1 id=1")), ("ok", "syntax", "no_policy", "no_policy")),
    ("no host", seen({**zones(RECORD), HOST: {}}), ("ok", "no_host", "no_policy", "no_policy")),
    ("certificate", seen(zones(RECORD), CertificateError("self-signed certificate")),
     ("ok", "certificate", "no_policy", "no_policy")),
    ("not found", seen(zones(RECORD), page(status=404)),
     ("ok", "status", "no_policy", "no_policy")),
    ("redirect", seen(zones(RECORD), page(status=301, Location="/mta-sts.txt")),
     ("ok", "status", "no_policy", "no_policy")),
    ("a page", seen(zones(RECORD), page(policy(), kind="text/html")),
     ("ok", "media_type", "no_policy", "no_policy")),
    ("no type", seen(zones(RECORD), page(policy(), kind=None)),
     ("ok", "media_type", "no_policy", "no_policy")),
    ("malformed", fetched("mode: enforce"), ("ok", "malformed", "no_policy", "no_policy")),
    ("one server missing", fetched(policy(), *TWO), ("ok", "ok", "some", "ok")),
    ("all servers missing", fetched(policy("old.example.net"), *TWO), ("ok", "ok", "all", "ok")),
    ("a wildcard", fetched(policy("*.example.net"), *TWO), ("ok", "ok", "ok", "ok")),
    ("testing", fetched(policy("old.example.net", mode="testing")),
     ("ok", "ok", "not_enforced", "testing")),
    ("none", fetched(policy(mode="none")), ("ok", "ok", "not_enforced", "none")),
    ("short", fetched(policy(age=86399)), ("ok", "ok", "ok", "short")),
]  # fmt: skip
STATUSES = {
    "ok": PASS,
    "some": PARTIAL,
    **dict.fromkeys(("no_mail", "no_policy", "not_enforced"), AWAY),
}


def verdicts(what: Seen) -> tuple[Verdict, ...]:
    record, served, servers = what
    return (
        transport.present(DOMAIN, record, servers, MOMENT),
        transport.valid(DOMAIN, record, served, servers, MOMENT),
        transport.covers(DOMAIN, record, served, servers, MOMENT),
        transport.enforced(DOMAIN, record, served, servers, MOMENT, LASTING),
    )


@pytest.mark.parametrize(("what", "says"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_mta_sts(what: Seen, says: tuple[str, ...]) -> None:
    for number, verdict in enumerate(verdicts(what)):
        absent = verdict.says == "none" and number == 1
        assert verdict.says == says[number]
        assert verdict.status is (AWAY if absent else STATUSES.get(verdict.says, FAIL))
        assert (verdict.fix is not None) == (verdict.status in {FAIL, PARTIAL})
        if verdict.status is not AWAY:
            assert verdict.evidence
            assert verdict.observed
            assert verdict.expected


@pytest.mark.parametrize(
    ("number", "check"), list(enumerate(("present", "valid", "covers", "enforced")))
)
def test_every_text_is_used_and_can_be_filled(number: int, check: str) -> None:
    found = [verdicts(case[1])[number] for case in CASES]
    assert wording_problems("posture.checks.email", f"email.mtasts.{check}", found) == []


def test_what_is_to_be_published_first() -> None:
    values = verdicts(NO_RECORD)[0].values
    assert values["reports"] == (
        '_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:tls-reports@example.com"'
    )
    assert str(values["policy"]).split() == [
        *("version:", "STSv1", "mode:", "testing", "mx:", "mx1.example.net"),
        *("max_age:", "604800"),
    ]
    assert values["record"] == '_mta-sts.example.com. TXT "v=STSv1; id=20261121120000"'


def test_a_policy_is_completed_and_keeps_what_it_has() -> None:
    _, _, covered, _ = verdicts(fetched(policy("*.example.com", age=31_557_600), *TWO))
    lines = [line.strip() for line in str(covered.values["policy"]).splitlines()]
    assert lines == [
        "version: STSv1",
        "mode: enforce",
        "mx: *.example.com",
        "mx: mx1.example.net",
        "mx: mx2.example.net",
        "max_age: 31557600",
    ]
    assert verdicts(fetched(policy(), *TWO))[2].share == 0.5


def test_a_trial_is_put_into_force_with_all_servers() -> None:
    text = str(verdicts(fetched(policy(mode="testing"), *TWO))[3].values["policy"])
    assert "mode: enforce" in text
    assert "mx: mx2.example.net" in text
    again = str(verdicts(fetched(policy(mode="none"), *TWO))[3].values["policy"])
    assert "mode: testing" in again


def test_only_a_sound_record_leads_to_a_request() -> None:
    for records in ((), (RECORD, "v=STSv1; id=2"), ("v=STSv1",)):
        found = zones(*records)
        resolver, http = FakeResolver(found), FakeHttp({})
        record = observe(collect_transport.mta_sts, DOMAIN, FakeNet(resolver))
        got = observe(collect_transport.mta_sts_policy, DOMAIN, record, http)
        assert got.fetch is Fetch.NOT_ASKED
        assert http.sent == []
        assert HOST not in {name for name, _ in resolver.asked}


def test_a_domain_without_mail_is_not_asked() -> None:
    found = zones(RECORD, mail=("0 .",))
    resolver = FakeResolver(found)
    observe(collect_transport.mta_sts, DOMAIN, FakeNet(resolver))
    assert ("_mta-sts.example.com", "TXT") not in resolver.asked


def test_an_mx_record_that_cannot_be_read_leaves_open_whether_mail_is_received() -> None:
    found = observe(collect_transport.mta_sts, DOMAIN, FakeNet(zones(RECORD, mail=("ten mx.",))))
    assert isinstance(found, Failed)
    assert found.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (CollectError(Reason.TIMEOUT), Reason.TIMEOUT),
        (CollectError(Reason.REFUSED), Reason.REFUSED),
        (page(status=401), Reason.DENIED),
        (page(status=403), Reason.DENIED),
        (page(status=429), Reason.RATE_LIMITED),
        (page(status=503), Reason.RATE_LIMITED),
        (page("x" * 8193), Reason.TOO_LARGE),
        (None, Reason.OUT_OF_SCOPE),
    ],
)
def test_what_may_be_aimed_at_us_alone_is_no_verdict(
    answer: HttpResponse | CollectError | None, reason: Reason
) -> None:
    found = seen(zones(RECORD), answer)[1]
    assert isinstance(found, Failed)
    assert found.reason is reason


@pytest.mark.parametrize(
    ("records", "reason"),
    [("TIMEOUT", Reason.TIMEOUT), ("SERVFAIL", Reason.SERVFAIL), (["x" * 1025], Reason.TOO_LARGE)],
)
def test_a_record_that_was_not_seen_is_not_absent(records: list[str] | str, reason: Reason) -> None:
    found = {**zones(), f"_mta-sts.{NAME}": {"TXT": records}}
    record = observe(collect_transport.mta_sts, DOMAIN, FakeNet(found))
    assert isinstance(record, Failed)
    assert record.reason is reason


def test_a_host_that_was_not_seen_is_not_missing() -> None:
    found = {**zones(RECORD), HOST: {"A": "TIMEOUT"}}
    record = observe(collect_transport.mta_sts, DOMAIN, FakeNet(found))
    assert not record.homeless


def test_the_policy_host_is_all_that_a_domain_may_be_asked_over_https() -> None:
    assert DOMAIN.endpoints() == ((HOST, 443),)
