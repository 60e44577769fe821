from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace

import pytest

from posture.model import Evidence, Status
from posture.render import html
from posture.render.html import FRAMEWORKS
from tests.render import dom, sample
from tests.render.outputs import AUDITS
from tests.render.sample_score import SCORE

PAGES = {name: html.html(audit) for name, audit in AUDITS.items()}
PAGE = PAGES["unsettled"]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_policy_allows_nothing_but_the_one_style(page: str) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = (
        e.get("content")
        for e in dom.walk(dom.parse(page))
        if e.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_page_needs_nothing_and_runs_nothing(page: str) -> None:
    elements = list(dom.walk(dom.parse(page)))
    assert not {dom.tag(e) for e in elements} & {"script", "link", "img", "iframe", "object"}
    attributes = {name for e in elements for name in e.attrib}
    assert not {name for name in attributes if name == "style" or name.startswith("on")}
    links = {e.get("href") for e in elements if e.get("href")}
    assert all(link.startswith(("#", "https://")) for link in links)
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_page_can_be_read_aloud(page: str) -> None:
    root = dom.parse(page)
    elements = list(dom.walk(root))
    assert root.get("lang") == "en"
    levels = [int(dom.tag(e)[1]) for e in elements if re.fullmatch("h[1-6]", dom.tag(e))]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(now <= before + 1 for before, now in itertools.pairwise(levels))
    for table in (e for e in elements if dom.tag(e) == "table"):
        assert dom.tag(table[0]) == "caption"
        assert all(e.get("scope") for e in dom.walk(table) if dom.tag(e) == "th")
    for picture in (e for e in elements if dom.tag(e) == "svg"):
        assert picture.get("role") == "img"
        assert dom.tag(picture[0]) == "title"
        assert dom.text(picture[0])


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    elements = list(dom.walk(dom.parse(page)))
    ids = [e.get("id") for e in elements if e.get("id")]
    assert len(ids) == len(set(ids))
    inner = {e.get("href")[1:] for e in elements if e.get("href", "").startswith("#")}
    named = {name for e in elements for name in e.get("aria-labelledby", "").split()}
    assert inner | named <= set(ids)


def test_no_letter_stands_alone_while_the_grade_is_not_settled() -> None:
    page = dom.owner(PAGE)
    assert "Not settled: F to D" in page
    assert "1 critical question open, 1 needs a look from the other side of the firewall." in page
    assert not re.search(r"(?<!at least )(?<!better )[Gg]rade [A-F]", page)
    assert "38 to 61 of 100 points" in page


def test_a_settled_grade_is_one_letter() -> None:
    page = dom.owner(PAGES["settled"])
    assert "Grade D" in page
    assert "Not settled" not in page
    assert "61 of 100 points" in page


def test_the_owner_reads_of_systems_and_never_of_people() -> None:
    page = dom.owner(PAGE)
    assert "192.168.1.20" in page
    assert "Make every administrator use a second factor to sign in" in page
    for private in ("anna.secretary", "B. Partner", "2 of 5 administrators"):
        assert private in PAGE
        assert private not in page


def test_a_rule_that_is_only_bad_inside_is_not_said_to_be_open_to_the_internet() -> None:
    page = dom.owner(PAGE)
    title = sample.AUDIT.words["network.exposure.rdp"].title
    assert f"{title} (could not be checked)" in page


def test_what_was_cut_short_says_so_first() -> None:
    page = dom.owner(PAGES["cut-short"])
    told = "The scan of 2 November 2026 was not finished: the scan ran out of time."
    assert page.index(told) < page.index("Not settled")
    assert "inside the office and outside the office" in page
    assert "not finished" not in PAGE


def test_a_first_audit_draws_no_trend() -> None:
    assert "First audit" in PAGES["settled"]
    assert "Earlier complete audits" not in PAGES["settled"]
    assert "Earlier complete audits" in PAGE
    assert "Since 5 October 2026: 1 new, 1 fixed, 2 still open" in PAGE


def test_nmap_is_named_where_it_was_used_and_nowhere_else() -> None:
    without = tuple(
        replace(e, finding=replace(e.finding, evidence=())) for e in sample.AUDIT.entries
    )
    assert "nmap.org" in PAGE
    assert "nmap.org" not in html.html(replace(sample.AUDIT, entries=without))


def test_limits_and_provenance_are_printed() -> None:
    made = sample.AUDIT.provenance
    limits = "not a penetration test, not an ASV scan, and not legal advice"
    for told in (limits, made.policy_sha256, made.snapshot_sha256, made.tool, "127.0.0.1:8443"):
        assert told in PAGE


def test_every_kind_of_mapping_has_a_name_or_stands_for_itself() -> None:
    assert f"{FRAMEWORKS['cis']}: 6.5" in PAGE
    assert "house: H-1" in PAGE
    assert f"{FRAMEWORKS['ce']}:" not in PAGE


def test_evidence_of_every_finding_is_printed() -> None:
    said = dom.text(dom.parse(PAGE))
    for entry in sample.AUDIT.entries:
        for evidence in entry.finding.evidence:
            assert evidence.record in said


def test_a_long_label_is_cut_for_the_owner_and_whole_for_the_technician() -> None:
    name = "a-host-with-a-name-that-is-longer-than-any-line.example"
    entries = tuple(
        replace(e, finding=replace(e.finding, label=name)) for e in sample.AUDIT.entries
    )
    page = html.html(replace(sample.AUDIT, entries=entries))
    assert "a-host-with-a-name-that-i…" in dom.owner(page)
    assert name in page


def test_a_none_that_reaches_a_template_is_a_mistake() -> None:
    bare = replace(sample.AUDIT, client_name=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        html.html(bare)


def test_an_audit_with_nothing_to_do_says_so() -> None:
    score = replace(SCORE, actions=())
    page = dom.owner(html.html(replace(sample.AUDIT, score=score)))
    assert "No finding waits for an action. Some questions are still open" in page
    one = replace(SCORE, actions=SCORE.actions[:1])
    assert "Do this first" in dom.owner(html.html(replace(sample.AUDIT, score=one)))


def test_every_status_is_told_in_words() -> None:
    shown = {f"status-{status}" for status in Status}
    chips = [e for e in dom.walk(dom.parse(PAGE)) if "chip" in dom.classes(e)]
    assert shown <= {name for chip in chips for name in dom.classes(chip)}
    assert all(dom.text(chip) for chip in chips)


def test_an_attested_best_of_an_area_is_said_to_be_told() -> None:
    score = replace(SCORE, rules=tuple(r for r in SCORE.rules if r.attested or r.open))
    page = dom.owner(html.html(replace(sample.AUDIT, score=score)))
    assert "Your people know what to look out for (as you told us)" in page


def test_the_same_audit_gives_the_same_text() -> None:
    assert html.html(sample.AUDIT) == PAGE


def test_controls_in_evidence_are_seen() -> None:
    first, *rest = sample.AUDIT.entries
    bad = replace(first.finding, evidence=(Evidence(source="x", record="a\u202eb\x1bc"),))
    page = html.html(replace(sample.AUDIT, entries=(replace(first, finding=bad), *rest)))
    assert "a‹U+202E›b␛c" in page


def test_what_was_not_seen_is_not_said_to_be_seen() -> None:
    root = dom.parse(PAGE)
    for article in root.iter("article"):
        undecided = dom.classes(article) & {"left-unknown", "left-error"}
        assert ("Seen from" in dom.text(article)) <= (not undecided)
        assert ("· seen" in dom.text(article)) <= (not undecided)
    assert "This is about what is reached from outside the office." in PAGE
    assert "Seen from inside the office." in PAGE
