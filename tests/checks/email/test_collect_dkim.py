from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import codec
from posture.checks.dns import collect_dns
from posture.checks.email import collect_dkim, collect_dmarc, collect_mx, collect_spf
from posture.checks.email.facts import DkimDiscovery, DkimSelector, DkimTree
from posture.checks.email.report_facts import Signer
from posture.model import Failed, Reason
from posture.testing import FakeClock, FakeNet, FakeResolver, observe
from tests.checks.email.dkim_world import (
    BASE,
    KEY,
    MADE_UP,
    NO_FOLDER,
    DenyingResolver,
    WildResolver,
    explored,
    keys,
    seen,
)
from tests.checks.email.world import DOMAIN, NAME, PARKED, Zones

WITHDRAWN = "v=DKIM1; p="


def selectors(found: DkimDiscovery) -> list[str]:
    return [at.selector for at in found.selectors]


def test_a_domain_without_keys_costs_four_questions() -> None:
    found, resolver = explored(keys())
    assert resolver.asked[0] == (BASE, "TXT")
    assert len(resolver.asked) == 4
    assert (found.tree, found.selectors) == (DkimTree.MISSING, ())
    assert found.asked == ("selector1", "selector2", "google")


def test_a_domain_with_keys_costs_31_questions() -> None:
    found, resolver = explored(keys(google=KEY))
    assert len(resolver.asked) == len(set(resolver.asked)) == 31
    assert len(found.asked) == collect_dkim.SELECTOR_LIMIT
    assert found.tree is DkimTree.PRESENT
    assert found.selectors == (DkimSelector(selector="google", texts=(KEY,)),)
    assert found.wildcard == ()
    assert found.unseen == ()


CROWDED = " ".join(f"include:{host}" for host in (
    "spf.protection.outlook.com", "sendgrid.net", "servers.mcsv.net", "mailgun.org",
    "spf.brevo.com", "_spf.salesforce.com",
))  # fmt: skip


@pytest.mark.parametrize("record", ["v=spf1 mx -all", f"v=spf1 {CROWDED} -all"])
def test_all_questions_about_the_mail_of_a_domain_are_at_most_45(record: str) -> None:
    zones = {
        **keys(record, google=KEY),
        **{host.partition(":")[2]: {"TXT": ["v=spf1 -all"]} for host in CROWDED.split()},
        "mx.example.com": {"A": ["192.0.2.1"]},
        f"_dmarc.{NAME}": {"TXT": ["v=DMARC1; p=reject"]},
    }
    zones[NAME] = {**zones[NAME], "MX": ["10 mx.example.com."]}
    net = FakeNet(zones)
    texts = observe(collect_dns.texts, DOMAIN, net)
    mx = observe(collect_mx.mx, DOMAIN, net)
    observe(collect_spf.spf, DOMAIN, texts, net)
    observe(collect_dmarc.dmarc, DOMAIN, net)
    before = set(net.dns.asked)  # type: ignore[attr-defined]
    observe(collect_dkim.dkim, DOMAIN, texts, mx, NO_FOLDER, net, FakeClock())
    asked = set(net.dns.asked)  # type: ignore[attr-defined]
    assert len(before) <= 14
    assert len(asked) <= 45


def test_a_server_that_denies_empty_names_is_seen_through() -> None:
    found, resolver = explored(DenyingResolver(keys(selector2=KEY, brevo1=KEY)))
    assert found.tree is DkimTree.PRESENT
    assert selectors(found) == ["selector2", "brevo1"]
    assert len(resolver.asked) == 31


def test_an_alias_names_the_service() -> None:
    target = "selector1-example-com._domainkey.example.onmicrosoft.com"
    zones = {**keys(selector1=f"->{target}"), target: {"TXT": [KEY]}}
    (at,) = seen(zones).selectors
    assert (at.chain, at.provider, at.texts) == ((target,), "Microsoft 365", (KEY,))


def test_an_alias_to_nowhere_is_kept() -> None:
    (at,) = seen(keys(s1="->s1.domainkey.u1.wl1.sendgrid.net")).selectors
    assert (at.provider, at.texts, at.reason) == ("Twilio SendGrid", (), None)


def test_services_in_use_are_tried_first() -> None:
    zones = {**keys("v=spf1 include:spf.migadu.com redirect=_spf.hey.com")}
    zones[NAME] = {**zones[NAME], "MX": ["10 mx.soverin.net."]}
    assert seen(zones).asked == ("key1", "key2", "key3")
    zones = {**keys("v=spf1 redirect=_spf.hey.com", heymail=KEY)}
    assert selectors(seen(zones)) == ["heymail"]
    zones = {**keys(soverin3=KEY)}
    zones[NAME] = {"MX": ["10 mx.soverin.net."]}
    assert selectors(seen(zones)) == ["soverin3"]


def test_selectors_that_reports_and_samples_name_are_tried_first() -> None:
    signers = [
        Signer(domain=NAME, selector="Bakery-2019"),
        Signer(domain=f"shop.{NAME}", selector="other"),
        Signer(domain=NAME, selector="not a name"),
    ]
    sampled = (Signer(domain=NAME, selector="bakery-2019"), Signer(domain=NAME, selector="a.b"))
    totals = replace(NO_FOLDER, declared=True, signers=tuple(signers), sampled=sampled)
    found, resolver = explored(keys(**{"bakery-2019": KEY}), totals)
    assert found.asked[:2] == ("bakery-2019", "a.b")
    assert selectors(found) == ["bakery-2019"]
    assert len(resolver.asked) == 31
    assert not {"other", "not a name"} & set(found.asked)


def test_few_of_the_learnt_selectors_are_tried() -> None:
    many = tuple(Signer(domain=NAME, selector=f"n{number:02}") for number in range(30))
    found = seen(keys(google=KEY), replace(NO_FOLDER, signers=many))
    assert found.asked[:11] == (*(f"n{number:02}" for number in range(10)), "selector1")
    assert len(found.asked) == collect_dkim.SELECTOR_LIMIT


def chained(*names: str, **selectors: str) -> FakeResolver:
    """A signed zone whose NSEC records lead from one name to the next."""
    zones = keys(**selectors)
    for name, following in pairwise(names):
        zones[name] = {**zones.get(name, {}), "NSEC": [f"{following}. TXT RRSIG NSEC"]}
    return FakeResolver(zones, authenticated=True)


START = f"_dmarc.{NAME}"


def test_a_signed_zone_names_the_selector_that_nobody_guesses() -> None:
    hidden = [f"bakery-2019.{BASE}", f"pastry.{BASE}"]
    found, resolver = explored(
        chained(START, *hidden, f"www.{NAME}", **{"bakery-2019": KEY, "pastry": KEY})
    )
    assert selectors(found) == ["bakery-2019", "pastry"]
    assert found.asked[-2:] == ("bakery-2019", "pastry")
    assert [name for name, kind in resolver.asked if kind == "NSEC"] == [START, *hidden]


@pytest.mark.parametrize(
    ("names", "questions", "named"),
    [
        ((NAME, f"bakery.{BASE}", f"www.{NAME}"), 3, ["bakery"]),  # no policy, hence no _dmarc
        ((START, BASE, f"bakery.{BASE}"), 3, ["bakery"]),  # _domainkey has records of its own
        ((START, f"_sip.{NAME}"), 1, []),
        ((START, f"bakery.{BASE}", f"bakery.{BASE}"), 2, ["bakery"]),
        ((START, *(f"z{number}.{BASE}" for number in range(20))), 7, [f"z{n}" for n in range(6)]),
        ((START, f"\\000.{START}"), 2, []),
        ((), 2, []),
    ],
)
def test_only_what_stands_beneath_domainkey_is_followed(
    names: tuple[str, ...], questions: int, named: list[str]
) -> None:
    found, resolver = explored(chained(*names, bakery=KEY))
    asked = [kind for _, kind in resolver.asked]
    assert asked.count("NSEC") == questions
    assert list(found.asked[collect_dkim.SELECTOR_LIMIT :]) == named


def test_no_name_is_read_off_records_that_are_not_validated() -> None:
    zones = keys(bakery=KEY)
    zones[START] = {"NSEC": [f"bakery.{BASE}. TXT RRSIG NSEC"]}
    plain = FakeResolver(zones)
    assert "bakery" not in explored(plain)[0].asked
    assert "NSEC" not in [kind for _, kind in plain.asked]
    half = FakeResolver(zones, authenticated=[MADE_UP])
    assert "bakery" not in explored(half)[0].asked
    zones[START] = {"NSEC": "SERVFAIL"}
    assert "bakery" not in explored(FakeResolver(zones, authenticated=True))[0].asked
    zones[START] = {"CNAME": [f"x.{NAME}"]}
    zones[f"x.{NAME}"] = {"NSEC": [f"bakery.{BASE}. TXT RRSIG NSEC"]}
    assert "bakery" not in explored(FakeResolver(zones, authenticated=True))[0].asked


def test_a_zone_with_a_known_key_is_not_asked_for_others() -> None:
    _, resolver = explored(chained(START, f"bakery.{BASE}", google=KEY))
    assert "NSEC" not in [kind for _, kind in resolver.asked]


def test_hints_that_were_not_seen_are_done_without() -> None:
    lost = Failed(reason=Reason.TIMEOUT)
    net = FakeNet(keys(google=KEY))
    found = observe(collect_dkim.dkim, DOMAIN, lost, net, FakeClock())
    assert selectors(found) == ["google"]


@pytest.mark.parametrize("word", ["TIMEOUT", "SERVFAIL"])
@pytest.mark.parametrize("name", [BASE, MADE_UP])
def test_without_the_name_above_or_the_made_up_one_nothing_is_said(name: str, word: str) -> None:
    found = seen({**keys(google=KEY), name: {"TXT": word}})
    assert isinstance(found, Failed)
    assert found.reason is Reason(word.lower())


def test_a_selector_that_does_not_answer_is_kept() -> None:
    found = seen(keys(google="TIMEOUT", default=KEY))
    assert [(at.selector, at.reason) for at in found.selectors] == [
        ("google", Reason.TIMEOUT),
        ("default", None),
    ]
    assert [at.selector for at in found.unseen] == ["google"]


def test_a_denial_that_could_not_be_confirmed_says_so() -> None:
    resolver = DenyingResolver(keys(google="TIMEOUT"))
    found = seen(resolver)
    assert found.tree is DkimTree.MISSING
    assert [at.selector for at in found.unseen] == ["google"]
    assert len(resolver.asked) == 4


def parked(zones: Zones | FakeResolver) -> tuple[Any, FakeResolver]:
    """The DKIM fact of a domain that sends no mail, and the resolver with its questions."""
    resolver = zones if isinstance(zones, FakeResolver) else FakeResolver(zones)
    lost = Failed(reason=Reason.TIMEOUT)
    net = FakeNet(resolver)
    return observe(collect_dkim.dkim, PARKED, lost, net, FakeClock()), resolver


def test_a_parked_domain_without_keys_costs_two_questions() -> None:
    found, resolver = parked(keys())
    assert set(resolver.asked) == {(BASE, "TXT"), (MADE_UP, "TXT")}
    assert (found.tree, found.asked, found.wildcard) == (DkimTree.MISSING, (), ())


def test_a_parked_domain_that_withdraws_all_keys_costs_two_questions() -> None:
    found, resolver = parked(WildResolver(keys(), BASE, {"TXT": [WITHDRAWN]}))
    assert len(resolver.asked) == 2
    assert (found.tree, found.wildcard) == (DkimTree.UNCLEAR, (WITHDRAWN,))


def test_keys_of_a_parked_domain_are_looked_for_where_there_may_be_some() -> None:
    assert selectors(parked(keys(google=KEY))[0]) == ["google"]
    wild, resolver = parked(WildResolver(keys(), NAME, {"TXT": ["hello"]}))
    assert wild.wildcard == ("hello",)
    assert len(set(resolver.asked)) == 31


def test_a_wildcard_makes_no_key() -> None:
    found = seen(WildResolver(keys(), BASE, {"TXT": [WITHDRAWN]}))
    assert found.tree is DkimTree.UNCLEAR
    assert found.selectors == ()
    assert found.wildcard == (WITHDRAWN,)


def test_a_key_beside_a_wildcard_is_found() -> None:
    found = seen(WildResolver(keys(google=KEY), BASE, {"TXT": [WITHDRAWN]}))
    assert selectors(found) == ["google"]


def test_a_wildcard_alias_makes_nothing() -> None:
    found = seen(WildResolver(keys(google=KEY), NAME, {"CNAME": ["parking.example"]}))
    assert found.tree is DkimTree.UNCLEAR
    assert selectors(found) == ["google"]
    assert found.wildcard == ()


def test_a_wildcard_of_another_type_proves_nothing() -> None:
    found = seen(WildResolver(keys(), NAME, {"A": ["192.0.2.1"]}))
    assert found.tree is DkimTree.UNCLEAR
    assert found.selectors == ()


def test_a_wildcard_alias_to_a_key_is_not_a_selector() -> None:
    zones = {**keys(), "all.example": {"TXT": [KEY]}}
    found = seen(WildResolver(zones, BASE, {"CNAME": ["all.example"]}))
    assert found.selectors == ()
    assert found.wildcard == (KEY,)


def test_what_is_too_long_is_not_judged() -> None:
    (at,) = seen(keys(google=f"v=DKIM1; n={'x' * 5000}; p=")).selectors
    assert (at.reason, at.texts) == (Reason.TOO_LARGE, ())


def test_many_records_are_cut_off() -> None:
    zones = {f"google.{BASE}": {"TXT": [f"text {number}" for number in range(99)]}}
    (at,) = seen(FakeResolver(zones)).selectors
    assert len(at.texts) == collect_dkim.RECORD_LIMIT


WORDS = st.sampled_from(
    [WITHDRAWN, KEY, "TIMEOUT", "->a.example", "->a.b.onmicrosoft.com", "\xff;"]
)


@given(
    st.dictionaries(st.sampled_from(["selector1", "google", "s1", "k2", "x"]), WORDS),
    st.sampled_from([FakeResolver, DenyingResolver]),
)
def test_every_zone_gives_a_fact_that_can_be_kept(
    zone: dict[str, str], kind: type[FakeResolver]
) -> None:
    found, resolver = explored(kind(keys(**zone)))
    assert isinstance(found, DkimDiscovery)
    assert len(resolver.asked) <= 31
    assert codec.decode(codec.encode(found), DkimDiscovery) == found
