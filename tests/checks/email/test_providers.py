"""The services that hold a domain's mailboxes, and the filters before them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from posture.checks.email import mail_filter, provider_keys
from posture.checks.email.facts import DkimDiscovery, DkimTree
from posture.model import Domain, Failed, Reason, Status, Verdict
from posture.testing import FakeResolver
from tests.checks.email.dkim_world import KEY, WildResolver, keys, routes, seen
from tests.checks.email.world import DOMAIN, NAME, PARKED, Case, Zones, case_name, check_case
from tests.checks.pages import wording_problems

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
PACKAGE = "posture.checks.email"
OUTLOOK = "example-com.mail.protection.outlook.com."
INCLUDE = "include:spf.protection.outlook.com"
FILTER = "mx1.example.eu.mimecast.com."


def zone(servers: Sequence[str], includes: str, **selectors: str) -> dict[str, Any]:
    """A domain with these mail servers, includes and keys."""
    found = keys(f"v=spf1 {includes} -all", **selectors)
    found[NAME] = {**found[NAME], "MX": [f"{n}0 {host}" for n, host in enumerate(servers, 1)]}
    return found


def judged(zones: Zones | FakeResolver, domain: Domain = DOMAIN) -> Verdict:
    mx, spf = routes(zones)
    return provider_keys.provider(domain, seen(zones), mx, spf)


def changed(zones: Zones, **fields: Any) -> Verdict:
    """The verdict on a fact that was changed by hand."""
    found = seen(zones)
    assert isinstance(found, DkimDiscovery)
    mx, spf = routes(zones)
    return provider_keys.provider(DOMAIN, replace(found, **fields), mx, spf)


def office(**selectors: str) -> dict[str, Any]:
    return zone([OUTLOOK], INCLUDE, **selectors)


FAST = zone(["in1-smtp.messagingengine.com."], "include:spf.messagingengine.com", s1=KEY)
PROTON = zone(["mail.protonmail.ch."], "include:_spf.protonmail.ch", s1=KEY)
GATEWAY = zone([OUTLOOK], f"{INCLUDE} include:eu._netblocks.mimecast.com", s1=KEY)
PROVIDER: list[Case] = [
    ("both", judged(office(selector1=KEY, selector2=KEY)), PASS, "ok", None),
    ("one", judged(office(selector2="->s2.onmicrosoft.com")), PASS, "ok", None),
    ("others only", judged(office(s1=KEY)), FAIL, "absent", "microsoft"),
    ("aliases known", judged(FAST), FAIL, "absent", "publish"),
    ("aliases not known", judged(PROTON), FAIL, "absent", "panel"),
    ("parked", judged(office(s1=KEY), PARKED), AWAY, "parked", None),
    ("no key at all", judged(office()), AWAY, "no_key", None),
    ("takes only", judged(zone([OUTLOOK], "mx", s1=KEY)), AWAY, "no_service", None),
    ("sends only", judged(zone(["mx.example.net."], INCLUDE, s1=KEY)), AWAY, "no_service", None),
    ("names of one's own", judged(zone(["smtp.google.com."], "include:_spf.google.com", s1=KEY)),
     AWAY, "no_service", None),
    ("no servers", judged(zone([], INCLUDE, s1=KEY)), AWAY, "no_service", None),
    ("not seen", judged(office(s1=KEY, selector2="TIMEOUT")), UNKNOWN, "unseen", None),
    ("not seen, nothing else", changed(office(selector1="TIMEOUT"), tree=DkimTree.MISSING,
                                       asked=("selector1",)), UNKNOWN, "unseen", None),
    ("another not seen", judged(office(s1=KEY, k1="TIMEOUT")), FAIL, "absent", "microsoft"),
    ("wildcard", judged(WildResolver(office(), f"_domainkey.{NAME}", {"TXT": ["v=DKIM1; p="]})),
     UNKNOWN, "unclear", None),
    ("not asked", changed(office(s1=KEY), asked=("s1", "selector1")), UNKNOWN, "not_asked", None),
    ("gateway", judged(GATEWAY), UNKNOWN, "gateway", None),
]  # fmt: skip


def filtered(*servers: str, includes: str = "mx") -> Verdict:
    mx, spf = routes(zone(servers, includes))
    return mail_filter.filtered(DOMAIN, mx, spf)


def unseen_spf() -> Verdict:
    mx, _ = routes(zone([FILTER], "mx"))
    return mail_filter.filtered(DOMAIN, mx, Failed(reason=Reason.TIMEOUT))


FILTERED: list[Case] = [
    ("filter only", filtered(FILTER), PASS, "ok", None),
    ("filter and own", filtered(FILTER, "mx.example.com."), PASS, "ok", None),
    ("Microsoft behind", filtered(FILTER, includes=INCLUDE), PASS, "ok", None),
    ("Google behind", filtered(FILTER, includes="include:a.example include:_spf.google.com"), PASS,
     "ok", None),
    ("SPF not seen", unseen_spf(), PASS, "ok", None),
    ("Microsoft beside", filtered(FILTER, OUTLOOK), FAIL, "bypass", "remove_microsoft"),
    ("Google beside", filtered(FILTER, "aspmx.l.google.com.", "alt1.aspmx.l.google.com."), FAIL,
     "bypass", "remove_google"),
    ("no filter", filtered(OUTLOOK), AWAY, "no_filter", None),
    ("none", filtered(), AWAY, "no_filter", None),
    ("null MX", filtered("."), AWAY, "no_filter", None),
]  # fmt: skip
TABLES = {"email.dkim.provider": PROVIDER, "email.mx.filtered": FILTERED}


@pytest.mark.parametrize(
    "case", [case for table in TABLES.values() for case in table], ids=case_name
)
def test_providers(case: Case) -> None:
    check_case(case)


@pytest.mark.parametrize("check", TABLES)
def test_every_text_is_used_and_can_be_filled(check: str) -> None:
    assert wording_problems(PACKAGE, check, [case[1] for case in TABLES[check]]) == []


def test_the_aliases_to_paste_make_the_check_pass() -> None:
    records = str(judged(FAST).values["records"])
    assert records.splitlines()[0] == (
        "fm1._domainkey.example.com. CNAME fm1.example.com.dkim.fmhosted.com."
    )
    for line in records.split("\n    "):
        name, _, target = line.split()
        repaired = {**FAST, name.rstrip("."): {"CNAME": [target]}}
        assert judged(repaired).status is PASS


def test_only_the_servers_beside_the_filter_are_to_be_deleted() -> None:
    verdict = filtered(FILTER, OUTLOOK, "mx.example.com.")
    assert verdict.values["records"] == f"{NAME}. MX 20 {OUTLOOK}"
    assert filtered(FILTER, "mx.example.com.").status is PASS


@pytest.mark.parametrize(
    ("includes", "remark"),
    [
        (INCLUDE, "microsoft"),
        ("include:_spf.google.com", "google"),
        ("mx", None),
        ("include:servers.mcsv.net", None),
    ],
)
def test_what_stands_behind_a_filter_is_only_remarked(includes: str, remark: str | None) -> None:
    assert filtered(FILTER, includes=includes).near_miss == remark
