"""The search for left files, and what is made of it. Nothing of any content may stay."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from posture.checks.dns import discover
from posture.checks.dns.facts import DomainAddresses, HostAddresses
from posture.checks.web import collect_files, left_behind
from posture.checks.web.file_facts import FileKind, FileSearch, SiteFile
from posture.checks.web.left_files import targets
from posture.client import load_client
from posture.model import ACTIVE, CollectError, Domain, Reason, Status, Verdict, WebSite
from posture.net.http import HttpResponse
from posture.testing import FakeHttp, observe
from tests.checks.pages import wording_problems

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = "www.example.com"
SITE = WebSite(host=HOST, owned=True)
ORIGIN = f"https://{HOST}"
CANARY = "canary-7f31c0"
LEFT = {
    "/.git/HEAD": f"ref: refs/heads/{CANARY}\n".encode(),
    "/.env": f"DB_PASSWORD={CANARY}\n".encode(),
    "/.svn/wc.db": b"SQLite format 3\0" + CANARY.encode(),
    "/backup.zip": b"PK\x03\x04" + CANARY.encode(),
    f"/{HOST}.zip": b"PK\x03\x04" + CANARY.encode(),
    "/backup.sql": f"-- MySQL dump {CANARY}".encode(),
    "/dump.sql": f"-- MySQL dump {CANARY}".encode(),
    "/wp-config.php.bak": f"<?php // {CANARY}".encode(),
    "/.DS_Store": b"\0\0\0\1Bud1" + CANARY.encode(),
    "/server-status?auto": f"{CANARY}\nServerVersion: Apache".encode(),
    "/uploads/": f"<html><head><title>Index of /uploads/ {CANARY}".encode(),
}
Answer = HttpResponse | CollectError


class Site(FakeHttp):
    """A site as a function of paths."""

    def __init__(self, answer: Callable[[str], Answer]) -> None:
        super().__init__({})
        self.answer = answer
        self.asked: list[str] = []

    def begin(self, url: str, *, headers: object = None, **given: Any) -> HttpResponse:
        assert (given["octets"], headers) == (64, None)
        assert url.startswith(f"{ORIGIN}/")
        self.asked.append(url.removeprefix(ORIGIN))
        said = self.answer(self.asked[-1])
        if isinstance(said, CollectError):
            raise said
        return replace(said, url=url, body=said.body[:64])


def says(status: int, body: bytes = b"", **headers: str) -> HttpResponse:
    pairs = tuple((key.replace("_", "-"), value) for key, value in headers.items())
    return HttpResponse(url=ORIGIN, status=status, body=body, headers=pairs)


MISSING = says(404, b"<html>Not found")


def leaving(*paths: str) -> Callable[[str], Answer]:
    return lambda path: says(206, LEFT[path]) if path in paths else MISSING


def search(answer: Callable[[str], Answer]) -> tuple[FileSearch, Site]:
    site = Site(answer)
    found = observe(collect_files.files, SITE, site)
    assert isinstance(found, FileSearch)
    assert found.requests == len(site.asked) <= 20
    assert CANARY not in msgspec.json.encode(found).decode()
    for verdict in left_behind.private(found), left_behind.contents(found):
        assert CANARY not in json.dumps(msgspec.to_builtins(verdict))
    return found, site


def test_it_needs_consent_and_the_owners_word() -> None:
    assert collect_files.files.__posture__.consent == ACTIVE  # type: ignore[attr-defined]
    assert SITE.active_tests_allowed
    assert not WebSite(host=HOST).active_tests_allowed


@pytest.mark.parametrize(
    ("owned", "chain", "expected"),
    [
        (True, (), True),
        (False, (), False),
        (True, ("web.example.com",), True),
        (True, ("example.com",), True),
        # An alias leads to a server of somebody who was not asked.
        (True, ("web.example.com", "shops.example.net"), False),
        (True, ("notexample.com",), False),
    ],
)
def test_the_sites_of_an_owned_domain_are_owned(
    owned: bool, chain: tuple[str, ...], expected: bool
) -> None:
    there = HostAddresses(name=HOST, ipv4=("192.0.2.1",), ipv6=(), chain=chain)
    domain = Domain(name="example.com", owned=owned)
    found = discover.websites(domain, DomainAddresses(hosts=(there,)))
    assert found == [WebSite(host=HOST, owned=expected)]


def test_a_site_is_declared_owned(tmp_path: Path) -> None:
    file = tmp_path / "client.toml"
    file.write_text(
        '[company]\nid = "a"\nname = "A"\n[authorisation]\nby = "B"\ncovers = ["domains"]\n'
        f'[[sites]]\nhost = "{HOST}"\nowned = true\n'
    )
    assert load_client(file).subjects == (SITE,)


def test_a_clean_site() -> None:
    found, site = search(leaving())
    assert (found.found, found.unclear, found.usual) == ((), (), 404)
    assert found.requests == 2 + len(targets(HOST)) + 1
    assert [left_behind.private(found).status, left_behind.contents(found).status] == [
        Status.PASS,
        Status.PASS,
    ]
    strangers = [path for path in site.asked if path not in LEFT]
    assert len(set(strangers)) == 3


def test_everything_is_found_within_the_budget() -> None:
    found, _ = search(leaving(*LEFT))
    assert {file.path for file in found.found} == set(LEFT)
    assert found.requests == 20
    assert all(len(file.digest) == 16 for file in found.found)


@pytest.mark.parametrize("path", LEFT)
def test_each_is_found_alone(path: str) -> None:
    found, _ = search(leaving(path))
    assert [file.path for file in found.found] == [path]
    failing = {left_behind.private(found).status, left_behind.contents(found).status}
    assert failing == {Status.PASS, Status.FAIL}


@pytest.mark.parametrize(
    "page",
    [
        says(200, b"<!doctype html><div id=app>", Content_Type="text/html"),
        says(404, b"whoops"),
        says(302, Location="/login"),
        says(401),
        says(200, b"KEY=VALUE\n", Content_Type="text/plain"),
        says(206, b"PK\x03\x04"),
        says(200, gzip.compress(b"<html>")[:20], Content_Encoding="br"),
        says(200),
    ],
)
def test_a_site_that_answers_everything_alike_gives_nothing_away(page: HttpResponse) -> None:
    found, _ = search(lambda _: page)
    assert (found.found, found.unclear) == ((), ())
    assert left_behind.private(found).status is Status.PASS


def test_a_site_that_makes_every_such_file_up() -> None:
    """Each answer is another, and begins as the name would have it."""

    def answer(path: str) -> Answer:
        by_ending = [(".zip", b"PK\x03\x04"), (".sql", b"-- MySQL dump "), (".bak", b"<?php ")]
        body = next((body for end, body in by_ending if path.endswith(end)), b"A=")
        return says(200, body + path.encode())

    found, _ = search(answer)
    assert found.found == ()
    assert left_behind.private(found).says == "unclear"


def test_pages_that_differ_each_time_are_no_files() -> None:
    found, _ = search(lambda path: says(200, f"<html><!-- {path} -->".encode()))
    assert (found.found, found.unclear) == ((), ())


@pytest.mark.parametrize(
    ("said", "reason"),
    [(says(403), 3), (says(503), 3), (says(200, b"<html>", cf_mitigated="challenge"), 3)],
)
def test_whoever_turns_everybody_away_is_left_alone(said: HttpResponse, reason: int) -> None:
    found, site = search(lambda _: said)
    assert found.blocked
    assert len(site.asked) < reason
    assert left_behind.private(found).says == "blocked"


def test_a_refusal_where_others_are_missing_hides_the_file() -> None:
    found, _ = search(lambda path: says(403) if path == "/.env" else MISSING)
    assert left_behind.private(found).status is Status.PASS


@pytest.mark.parametrize(
    "said",
    [
        says(500),
        says(304),
        says(200, b"# one\n# two"),
        says(200, b"\x8b\x01", Content_Encoding="br"),
        says(404, x_iinfo="1"),
        CollectError(Reason.TIMEOUT, CANARY),
    ],
)
def test_what_could_not_be_told(said: Answer) -> None:
    found, _ = search(lambda path: said if path == "/.env" else MISSING)
    hidden = isinstance(said, HttpResponse) and said.status == 304
    assert [file.path for file in found.unclear] == ([] if hidden else ["/.env"])


@pytest.mark.parametrize(
    ("reason", "says"),
    [(Reason.TIMEOUT, "unclear"), (Reason.MALFORMED, "unclear")],
)
def test_two_errors_are_borne(reason: Reason, says: str) -> None:
    bad = {"/.env", "/backup.zip"}
    found, _ = search(lambda path: CollectError(reason, CANARY) if path in bad else MISSING)
    assert found.stopped is None
    assert left_behind.private(found).says == says


def test_three_errors_end_it() -> None:
    found, site = search(lambda path: MISSING if len(path) > 16 else CollectError(Reason.TIMEOUT))
    assert (found.stopped, len(site.asked)) == (Reason.TIMEOUT, 5)
    assert left_behind.private(found).reason is Reason.TIMEOUT


def test_too_many_requests_end_it_and_what_was_found_stays() -> None:
    def answer(path: str) -> Answer:
        return says(429) if path == "/.svn/wc.db" else leaving("/.git/HEAD")(path)

    found, site = search(answer)
    assert (found.stopped, site.asked[-1]) == (Reason.RATE_LIMITED, "/.svn/wc.db")
    assert left_behind.private(found).status is Status.FAIL
    assert left_behind.contents(found).says == "stopped"


def test_no_answer_to_begin_with() -> None:
    found, site = search(lambda _: CollectError(Reason.REFUSED, "closed"))
    assert (found.stopped, found.usual, len(site.asked)) == (Reason.INCONCLUSIVE, 0, 1)


def test_a_site_that_only_sends_on() -> None:
    found, site = search(lambda path: says(301, Location=f"https://example.org{path}"))
    assert (found.elsewhere, len(site.asked)) == ("example.org", 2)
    assert left_behind.private(found).status is Status.NOT_APPLICABLE


@pytest.mark.parametrize("last", [says(403), CollectError(Reason.TIMEOUT)])
def test_a_site_that_changes_its_mind(last: Answer) -> None:
    def answer(path: str) -> Answer:
        return last if len(site.asked) > 2 + len(targets(HOST)) else MISSING

    site = Site(answer)
    found = observe(collect_files.files, SITE, site)
    assert found.shifted
    assert left_behind.private(found).says == "shifted"


def test_a_control_that_fails_claims_nothing() -> None:
    def answer(path: str) -> Answer:
        if path == "/.git/HEAD":
            return says(200, LEFT[path])
        return CollectError(Reason.TIMEOUT) if path.startswith("/.git/") else MISSING

    assert [file.path for file in search(answer)[0].unclear] == ["/.git/HEAD"]


@pytest.mark.parametrize(
    ("site", "url"),
    [
        (WebSite(host=HOST, port=8443), f"https://{HOST}:8443/"),
        (WebSite(host="2001:db8::1"), "https://[2001:db8::1]/"),
    ],
)
def test_where_it_is_asked(site: WebSite, url: str) -> None:
    found = observe(collect_files.files, site, FakeHttp({}))
    assert (found.url, found.stopped) == (url, Reason.INCONCLUSIVE)


HERE = FileSearch(url=f"{ORIGIN}/", requests=14, usual=404)
ENV = SiteFile(path="/.env", kind=FileKind.SETTINGS, digest="0" * 16)
STORE = SiteFile(path="/.DS_Store", kind=FileKind.FOLDER)
CASES = [
    (HERE, Status.PASS, "ok"),
    (replace(HERE, elsewhere="example.org"), Status.NOT_APPLICABLE, "elsewhere"),
    (replace(HERE, blocked=True), Status.UNKNOWN, "blocked"),
    (replace(HERE, stopped=Reason.TIMEOUT), Status.UNKNOWN, "stopped"),
    (replace(HERE, shifted=True), Status.UNKNOWN, "shifted"),
    (replace(HERE, unclear=(ENV, STORE)), Status.UNKNOWN, "unclear"),
    (replace(HERE, found=(ENV, STORE), shifted=True), Status.FAIL, "found"),
]


JUDGES = (left_behind.private, left_behind.contents)
VERDICTS = {
    "web.files.private": [left_behind.private(case[0]) for case in CASES],
    "web.files.contents": [left_behind.contents(case[0]) for case in CASES],
}


@pytest.mark.parametrize("check", VERDICTS)
def test_every_text_is_used(check: str) -> None:
    assert wording_problems("posture.checks.web", check, VERDICTS[check]) == []


@pytest.mark.parametrize("judge", JUDGES)
def test_judged(judge: Callable[[FileSearch], Verdict]) -> None:
    verdicts = [judge(found) for found, _, _ in CASES]
    assert [(v.status, v.says) for v in verdicts] == [case[1:] for case in CASES]
    assert all(verdict.evidence for verdict in verdicts)


def test_the_evidence_is_a_name_a_kind_and_a_checksum() -> None:
    (seen,) = left_behind.private(replace(HERE, found=(ENV,))).evidence
    assert seen.source == f"GET {ORIGIN}/.env"
    assert seen.record == f"settings file, SHA-256 of its beginning {'0' * 16}…"
