"""What both tools look at, and whether they see the same.

Compared are five topics: DNSSEC, NS, MX with addresses, SPF, DMARC. Left out on both sides: SOA
(checkdmarc's); MTA-STS, TLS-RPT and BIMI, which both have, and of which this lab has next to
nothing; CAA, web addresses, references to others and DKIM (posture's). Within a topic each does
what it does: checkdmarc asks for the reverse names of MX addresses and whether their zones are
signed; posture asks who consents to DMARC reports, judges by its policy and keeps the evidence.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from posture.model import Status
from tests.lab.batch import Batch

TOPICS = "dnssec,ns,mx,spf,dmarc"
"""As ``peer.py`` calls them."""
COLLECTORS = frozenset(
    {"dns.dnssec", "dns.delegation", "dns.texts", "email.mx", "email.spf", "email.dmarc"}
)
"""What sees them in posture; every check that needs nothing else is judged."""
OPEN = {Status.FAIL, Status.UNKNOWN, Status.ERROR}
VALIDITY = ("present", "single", "valid", "lookups")
"""Checks of SPF that together say what checkdmarc calls valid."""

Facts = Mapping[str, Any]


def facts(made: Batch) -> dict[str, Facts]:
    """Return of each domain what is compared, in checkdmarc's terms."""
    seen: dict[str, dict[str, Any]] = {}
    for one in made.snapshot.observations:
        seen.setdefault(one.subject.removeprefix("domain:"), {})[one.fact] = one.value
    wrong = {(one.subject, one.check) for one in made.judged.findings if one.status in OPEN}
    return {
        name: _facts(found, {check for subject, check in wrong if subject.endswith(name)})
        for name, found in seen.items()
    }


def _facts(seen: Mapping[str, Any], wrong: set[str]) -> Facts:
    hosts = [host for host in seen["email.mx"]["hosts"] if host["host"]]
    records = seen["email.spf"]["records"]
    answers = [answer for answer in seen["email.dmarc"]["answers"] if answer["records"]]
    valid = not wrong & {f"email.spf.{topic}" for topic in VALIDITY}
    tags = dict(map(_tag, answers[0]["records"][0].split(";"))) if answers else {}
    dnssec = seen["dns.dnssec"]
    return {
        "DNSSEC holds": bool(dnssec["ds"]) and dnssec["validation"] == "secure",
        "name servers": sorted(server["name"] for server in seen["dns.delegation"]["servers"]),
        "MX": sorted([host["preference"], host["host"]] for host in hosts),
        "MX addresses": sorted({address for host in hosts for address in host["addresses"]}),
        "SPF record": records[0] if len(records) == 1 else None,
        "SPF valid": valid,
        "SPF lookups": len(seen["email.spf"]["lookups"]) if valid else None,
        "DMARC record": answers[0]["records"][0] if answers else None,
        "DMARC at": answers[0]["domain"] if answers else None,
        "DMARC p": tags.get("p"),
    }


def _tag(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


def compare(ours: Mapping[str, Facts], theirs: Mapping[str, Facts]) -> None:
    """Print how many facts are the same, and every kind of difference with an example."""
    same: Counter[str] = Counter()
    differ: dict[str, list[str]] = {}
    for name, facts in theirs.items():
        for what, value in facts.items():
            mine = ours[name][what]
            same[what] += mine == value
            if mine != value:
                differ.setdefault(what, []).append(f"{name}: {mine!r}, checkdmarc {value!r}")
    said = ", ".join(f"{what} {count}" for what, count in same.items())
    print(f"the same of {len(theirs)} domains: {said}")
    for what, examples in differ.items():
        print(f"  differs: {what} at {len(examples)}, e.g. {examples[0]}")
