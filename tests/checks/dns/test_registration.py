from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from posture.checks.dns import collect_registration, rdap_servers, registration
from posture.checks.dns.facts import Delegation, Lookup, NameServer, Registration
from posture.checks.dns.registration import Expiry
from posture.model import CollectError, Domain, Failed, Moment, Reason, Status, Verdict
from posture.net.http import HttpResponse
from posture.testing import FakeHttp, observe
from tests.checks.pages import wording_problems

NAME = "example.com"
BASE = "https://rdap.verisign.com/com/v1/"
URL = f"{BASE}domain/{NAME}"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENT = Moment(taken=NOW, valid_at=NOW)
LIMITS = Expiry(warn_days=60, alarm_days=30)
LOCK = "client transfer prohibited"
SERVED = Delegation(domain=NAME, servers=(NameServer(name="ns.example.com"),))
PART = Delegation(domain=NAME, servers=())
UNSEEN = Failed(reason=Reason.TIMEOUT)
PASS, FAIL, UNKNOWN, MOOT = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE


def told(
    *statuses: str, days: float | None = 400, contracted: bool = False, registrar: str = "R Ltd"
) -> Registration:
    return Registration(
        domain=NAME,
        name=NAME,
        lookup=Lookup.FOUND,
        server=BASE,
        expires=None if days is None else NOW + timedelta(days=days),
        statuses=statuses,
        registrar=registrar,
        contracted=contracted,
    )


def untold(lookup: Lookup, server: str = "") -> Registration:
    return Registration(domain=NAME, name=NAME, lookup=lookup, server=server, listed="2026-07-23")


ABSENT = untold(Lookup.ABSENT, BASE)
UNLISTED, WITHIN = untold(Lookup.UNLISTED), untold(Lookup.WITHIN)

ACTIVE: list[tuple[Registration, Delegation | Failed, Status, str]] = [
    (told("active"), UNSEEN, PASS, "ok"),
    (told(LOCK), PART, PASS, "ok"),
    (told("active", "pending delete"), SERVED, FAIL, "leaving"),
    (told("redemption period", "client hold"), SERVED, FAIL, "leaving"),
    (told("pending restore"), SERVED, FAIL, "leaving"),
    (told("client hold", LOCK), SERVED, FAIL, "held"),
    (told("server hold"), UNSEEN, FAIL, "held"),
    (told(), SERVED, PASS, "served"),
    (told(), PART, UNKNOWN, "untold"),
    (told(), UNSEEN, UNKNOWN, "untold"),
    (UNLISTED, SERVED, PASS, "served"),
    (UNLISTED, UNSEEN, UNKNOWN, "unlisted"),
    (ABSENT, SERVED, PASS, "served"),
    (ABSENT, PART, UNKNOWN, "absent"),
    (WITHIN, SERVED, MOOT, "within"),
]
EXPIRY = [
    (told(days=60.1), PASS, "ok"),
    (told(days=60), Status.PARTIAL, "warn"),
    (told(days=30.1), Status.PARTIAL, "warn"),
    (told(days=30), FAIL, "alarm"),
    (told(days=0.1), FAIL, "alarm"),
    (told(days=0), FAIL, "expired"),
    (told(days=-400, registrar=""), FAIL, "expired"),
    (told(days=None), UNKNOWN, "undated"),
    (UNLISTED, UNKNOWN, "unlisted"),
    (ABSENT, UNKNOWN, "absent"),
    (WITHIN, MOOT, "within"),
]
LOCKED = [
    (told(LOCK), PASS, "ok"),
    (told("active", "server transfer prohibited"), PASS, "ok"),
    (told("transfer prohibited"), PASS, "ok"),
    (told("locked"), PASS, "ok"),
    (told("active", contracted=True), FAIL, "open"),
    (told(contracted=True), FAIL, "open"),
    (told("client delete prohibited"), FAIL, "open"),
    # Not every registry knows locks.
    (told("active"), UNKNOWN, "untold"),
    (told(), UNKNOWN, "untold"),
    (UNLISTED, UNKNOWN, "unlisted"),
    (ABSENT, UNKNOWN, "absent"),
    (WITHIN, MOOT, "within"),
]


def verdicts() -> dict[str, list[tuple[Verdict, Status, str]]]:
    return {
        "active": [
            (registration.active(fact, delegation), status, says)
            for fact, delegation, status, says in ACTIVE
        ],
        "expiry": [
            (registration.expiry(fact, MOMENT, LIMITS), status, says)
            for fact, status, says in EXPIRY
        ],
        "locked": [(registration.locked(fact), status, says) for fact, status, says in LOCKED],
    }


@pytest.mark.parametrize("check", ["active", "expiry", "locked"])
def test_every_case(check: str) -> None:
    for verdict, status, says in verdicts()[check]:
        assert (verdict.status, verdict.says) == (status, says)
        assert (verdict.fix is not None) == (status in {FAIL, Status.PARTIAL})
        assert (verdict.reason is not None) == (status is UNKNOWN)
        assert verdict.observed
        assert verdict.expected


@pytest.mark.parametrize("check", ["active", "expiry", "locked"])
def test_every_text_is_used_and_can_be_filled(check: str) -> None:
    found = [verdict for verdict, _, _ in verdicts()[check]]
    assert wording_problems("posture.checks.dns", f"dns.registration.{check}", found) == []


def test_an_alarm_shows_what_the_registry_said() -> None:
    verdict = registration.expiry(told(LOCK, days=12), MOMENT, LIMITS)
    assert verdict.values["days"] == 12
    assert verdict.values["registrar"] == "R Ltd"
    (seen,) = verdict.evidence
    assert seen.source == f"GET {URL}"
    assert seen.record == (
        "expiration: 2026-12-03T12:00:00Z; status: client transfer prohibited; registrar: R Ltd"
    )
    assert registration.locked(ABSENT).evidence[0].record == "404, no such domain"
    assert registration.locked(UNLISTED).evidence == ()


ANSWER = {
    "rdapConformance": ["icann_rdap_response_profile_1"],
    "objectClassName": "domain",
    "ldhName": "EXAMPLE.COM",
    "status": ["client transfer prohibited"],
    "events": [{"eventAction": "expiration", "eventDate": "2027-08-13T04:00:00Z"}],
    "secureDNS": {"delegationSigned": False},
    "entities": [{"roles": ["registrar"], "vcardArray": ["vcard", [["fn", {}, "text", "R Ltd"]]]}],
}


def page(status: int = 200, body: Any = ANSWER, url: str = URL, **headers: str) -> HttpResponse:
    return HttpResponse(
        url=url, status=status, headers=tuple(headers.items()), body=json.dumps(body).encode()
    )


def seen(http: FakeHttp, domain: Domain | None = None) -> Any:
    return observe(collect_registration.registration, domain or Domain(name=NAME), http)


def test_the_registry_is_asked_once_and_told_nothing_but_the_name() -> None:
    http = FakeHttp({URL: page()})
    assert seen(http) == Registration(
        domain=NAME,
        name=NAME,
        lookup=Lookup.FOUND,
        server=BASE,
        expires=datetime(2027, 8, 13, 4, tzinfo=UTC),
        statuses=(LOCK,),
        signed=False,
        registrar="R Ltd",
        contracted=True,
    )
    (sent,) = http.sent
    assert (sent.method, sent.url) == ("GET", URL)
    assert sent.headers == {"Accept": "application/rdap+json"}
    assert (sent.form, sent.json) == (None, None)


def test_a_declared_server_is_asked_instead() -> None:
    own = "https://rdap.example.net/v1/"
    answer = page(body={**ANSWER, "ldhName": "example.de"}, url=f"{own}domain/example.de")
    found = seen(FakeHttp({answer.url: answer}), Domain(name="example.de", rdap=own))
    assert (found.lookup, found.server) == (Lookup.FOUND, own)


def test_an_unknown_name_is_absent_not_free() -> None:
    listed = rdap_servers.shipped().published.isoformat()
    absent = Registration(domain=NAME, name=NAME, lookup=Lookup.ABSENT, server=BASE, listed=listed)
    assert seen(FakeHttp({URL: page(404)})) == absent


@pytest.mark.parametrize(
    ("domain", "name", "lookup"),
    [
        ("example.de", "example.de", Lookup.UNLISTED),
        ("shop.example.com", "example.com", Lookup.WITHIN),
        ("shop.example.de", "example.de", Lookup.WITHIN),
    ],
)
def test_nobody_is_asked_in_vain(domain: str, name: str, lookup: Lookup) -> None:
    http = FakeHttp({})
    found = seen(http, Domain(name=domain))
    assert (found.name, found.lookup, found.server) == (name, lookup, "")
    assert http.sent == []


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (page(429), Reason.RATE_LIMITED),
        (page(403), Reason.DENIED),
        (page(500), Reason.INCONCLUSIVE),
        (page(302, Location=f"https://rdap.registrar.example/domain/{NAME}"), Reason.INCONCLUSIVE),
        (page(body={**ANSWER, "ldhName": "example.org"}), Reason.MALFORMED),
        (page(body=[]), Reason.MALFORMED),
        (CollectError(Reason.TIMEOUT, "late"), Reason.TIMEOUT),
        (CollectError(Reason.TOO_LARGE, "large"), Reason.TOO_LARGE),
    ],
)
def test_what_is_no_answer_is_a_failure(reply: HttpResponse | CollectError, reason: Reason) -> None:
    found = seen(FakeHttp({URL: reply}))
    assert isinstance(found, Failed)
    assert found.reason is reason


def test_redirects_on_the_same_server_are_followed_a_few_times() -> None:
    def hop(number: int) -> HttpResponse:
        return page(302, url=f"{URL}?{number}" if number else URL, Location=f"{URL}?{number + 1}")

    last = page(url=f"{URL}?1")
    assert seen(FakeHttp({URL: hop(0), last.url: last})).lookup is Lookup.FOUND
    endless = FakeHttp({hop(number).url: hop(number) for number in range(9)})
    assert seen(endless).reason is Reason.INCONCLUSIVE
    assert len(endless.sent) == 1 + collect_registration.HOPS


def test_a_suffix_has_no_registration() -> None:
    assert seen(FakeHttp({}), Domain(name="co.uk")).reason is Reason.INCONCLUSIVE
