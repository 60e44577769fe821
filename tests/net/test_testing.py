"""The fakes keep the promises of what they stand for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from posture.model import Clock, CollectError, Failed, Reason, SecretRef
from posture.net import Absent, Answer, Completed, Net, PortState, Resolver
from posture.net.dns import BogusError
from posture.net.http import Http, HttpResponse
from posture.secrets import Secrets  # noqa: TC001 - observe reads the hints
from posture.testing import FakeClock, FakeHttp, FakeNet, FakeResolver, FakeSecrets, observe
from tests.net.peers import run, site

ZONES: dict[str, dict[str, list[str] | str | Reason]] = {
    "example.com": {"TXT": ["b", "a"], "MX": "TIMEOUT", "CAA": Reason.SERVFAIL},
    "www.example.com": {"CNAME": ["host.example.net."]},
    "host.example.net": {"A": ["192.0.2.1"]},
    "loop.example": {"CNAME": ["pool.example."]},
    "pool.example": {"CNAME": ["loop.example."]},
    "a.empty.example": {"A": ["192.0.2.2"]},
}


def ask(name: str, rdtype: str) -> Answer | Absent | Reason:
    try:
        return run(FakeResolver(ZONES).query(name, rdtype))  # type: ignore[no-any-return]
    except CollectError as error:
        return error.reason


def test_a_fake_resolver_answers_like_a_resolver() -> None:
    assert ask("Example.com.", "TXT") == Answer("example.com", "TXT", ("a", "b"), False, 300)
    assert ask("example.com", "A") == Absent("example.com", "A", False, False, zone="com")
    assert ask("empty.example", "A") == Absent("empty.example", "A", False, False, zone="example")
    assert ask("none.example", "A") == Absent("none.example", "A", True, False, zone="example")
    assert ask("none", "A") == Absent("none", "A", True, False, zone=".")
    assert ask("www.example.com", "A") == Answer(
        "www.example.com", "A", ("192.0.2.1",), False, 300, ("host.example.net",)
    )
    assert ask("www.example.com", "CNAME") == Answer(
        "www.example.com", "CNAME", ("host.example.net.",), False, 300
    )


def test_a_fake_resolver_fails_as_told() -> None:
    assert ask("example.com", "MX") is Reason.TIMEOUT
    assert ask("example.com", "CAA") is Reason.SERVFAIL
    assert ask("loop.example", "A") is Reason.MALFORMED
    assert ask("a..b", "A") is Reason.MALFORMED


def test_a_fake_resolver_tells_forged_answers_from_broken_servers() -> None:
    with pytest.raises(BogusError):
        run(FakeResolver({"x.example": {"A": "BOGUS"}}).query("x.example", "A"))


@pytest.mark.parametrize(
    ("told", "expected"), [(True, [True, True]), (False, [False, False]), (["x"], [True, False])]
)
def test_a_fake_resolver_validates_what_it_is_told(told: Any, expected: list[bool]) -> None:
    resolver = FakeResolver({"x": {"A": ["192.0.2.1"]}}, authenticated=told)
    answers = [run(resolver.query(name, "A")) for name in ("x", "y")]
    assert [found.authenticated for found in answers] == expected


def test_questions_are_counted() -> None:
    resolver = FakeResolver(ZONES)
    run(resolver.query("EXAMPLE.com", "TXT"))
    assert resolver.asked == [("example.com", "TXT")]


@dataclass
class Fact:
    seen: object


@dataclass
class Other:
    number: int


async def lines(subject: object, net: Net) -> Fact:
    async with await net.connect("mx.example.com", 25) as stream:
        first = await stream.readline()
        await stream.write(b"STARTTLS\r\n")
        second = await stream.readline()
        await stream.start_tls(None, "mx.example.com")  # type: ignore[arg-type]
        return Fact((first, second, await stream.read(9)))


def test_a_fake_connection_follows_its_script() -> None:
    net = FakeNet(streams={("mx.example.com", 25): [b"220 hi", b"\r\n220 go\r\n", b"x"]})
    assert observe(lines, site(25), net) == Fact((b"220 hi\r\n", b"220 go\r\n", b"x"))
    (channel,) = net.channels["mx.example.com", 25]
    assert bytes(channel.sent) == b"STARTTLS\r\n"
    assert channel.closed


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            [b"220 hi\r\n", CollectError(Reason.TIMEOUT, "later")],
            Failed(reason=Reason.TIMEOUT, detail="later"),
        ),
        (CollectError(Reason.REFUSED), Failed(reason=Reason.REFUSED)),
    ],
)
def test_a_failing_collector_is_observed_as_failed(script: object, expected: Failed) -> None:
    net = FakeNet(streams={("mx.example.com", 25): script})  # type: ignore[dict-item]
    assert observe(lines, site(25), net) == expected


def test_what_is_not_in_the_script_is_out_of_scope() -> None:
    found = observe(lines, site(25), FakeNet())
    assert found.reason is Reason.OUT_OF_SCOPE


async def everything(
    subject: object, other: Other, failed: Fact | Failed, net: Net, resolver: Resolver, clock: Clock
) -> Fact:
    states = [await net.probe("192.0.2.1", port) for port in (22, 80, 443)]
    done = await net.run(["restic", "snapshots", "--json"], env={"A": "b"})
    return Fact((other.number, failed, states, done.stdout, await net.addresses("www.example.com")))


def test_arguments_find_their_places_by_type() -> None:
    net = FakeNet(
        FakeResolver(ZONES),
        ports={("192.0.2.1", 22): PortState.OPEN, ("192.0.2.1", 80): PortState.CLOSED},
        programs={
            ("restic",): Completed(1, b"", b""),
            ("restic", "snapshots"): Completed(0, b"[]", b""),
        },
    )
    missing = Failed(reason=Reason.DENIED)
    found = observe(everything, site(1), FakeClock(), net, net.dns, missing, Other(3))
    states = [PortState.OPEN, PortState.CLOSED, PortState.SILENT]
    assert found == Fact((3, missing, states, b"[]", ("192.0.2.1",)))
    assert net.ran == [("restic", "snapshots", "--json")]
    assert net.environments == [{"A": "b"}]
    with pytest.raises(TypeError, match="asks for other"):
        observe(everything, site(1), net)


def test_fake_ports_and_programs_fail_as_told() -> None:
    net = FakeNet(
        ports={("192.0.2.1", 1): Reason.UNREACHABLE},
        programs={("restic",): CollectError(Reason.TIMEOUT)},
    )
    for step, expected in [
        (net.probe("192.0.2.1", 1), Reason.UNREACHABLE),
        (net.run(["restic", "check"]), Reason.TIMEOUT),
        (net.run(["borg"]), Reason.TOOL_MISSING),
    ]:
        with pytest.raises(CollectError) as caught:
            run(step)
        assert caught.value.reason is expected


def page(url: str, *, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(url=url, status=status, headers=tuple(headers.items()))


def sync(subject: object, http: Http, secrets: Secrets) -> Fact:
    token = http.post("https://login/t", form={"s": secrets.get(SecretRef(env="S")).reveal()})
    pages = [http.get("https://api/users", headers={"A": "b"}).status for _ in range(3)]
    return Fact((token.status, pages, [item.url for item in http.follow("http://www/")]))


def test_fake_http_answers_from_its_table() -> None:
    http = FakeHttp(
        {
            "POST https://login/t": lambda sent: page(sent.url, status=int((sent.form or {})["s"])),
            "https://api/users": [page("u", status=429), page("u", status=200)],
            "http://www/": page("http://www/", status=301, Location="https://www/"),
            "https://www/": page("https://www/", status=302, Location="https://elsewhere/"),
        }
    )
    found = observe(sync, site(1), FakeSecrets({"S": "418"}), http)
    assert found == Fact((418, [429, 200, 200], ["http://www/", "https://www/"]))
    assert [sent.method for sent in http.sent] == ["POST"] + ["GET"] * 5
    assert http.sent[1].headers == {"A": "b"}


def test_fake_http_fails_as_told() -> None:
    http = FakeHttp({"https://a/": CollectError(Reason.TIMEOUT)})
    for url, expected in [("https://a/", Reason.TIMEOUT), ("https://b/", Reason.OUT_OF_SCOPE)]:
        with pytest.raises(CollectError) as caught:
            http.get(url)
        assert caught.value.reason is expected


def test_a_fake_clock_stands_still() -> None:
    clock = FakeClock()
    before = clock.now()
    assert clock.now() == before
    clock.advance(timedelta(hours=1))
    assert clock.now() - before == timedelta(hours=1)
    assert before.tzinfo is not None
    assert asyncio.iscoroutinefunction(everything)
