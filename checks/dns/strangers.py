"""Whether name servers do for strangers what they should do only for friends."""

import re
from dataclasses import replace

from posture.model import Evidence, Reason, Verdict, check, failed, not_applicable, passed, unknown

from .server_facts import Recursion, ServerVersion, ZoneTransfer

_VERSION = re.compile(r"\d+\.\d+")
"""What tells more than a name, or a joke, in its place."""


@check("dns.servers.transfer")
def transfer(found: ZoneTransfer) -> Verdict:
    """The name server gives no stranger a copy of the zone."""
    record = f"{found.said}: {found.records} records, {found.octets} octets, then we hung up"
    evidence = Evidence(source=f"AXFR {found.zone}, asked of {found.host}", record=record)
    return _told(_transfer(found), found, evidence, observed=found.said, expected="REFUSED")


def _transfer(found: ZoneTransfer) -> Verdict:
    if not found.address:
        return not_applicable("lame")
    if not found.begun:
        return passed("ok", said=found.said)
    if found.records < 2:  # the SOA alone is no secret
        return unknown("short", reason=Reason.INCONCLUSIVE)
    if found.inside:
        return unknown("inside", reason=Reason.WRONG_VANTAGE)
    return failed("given", fix="restrict", records=found.records)


@check("dns.servers.recursion")
def recursion(found: Recursion) -> Verdict:
    """The name server asks nobody on behalf of strangers."""
    told = ", ".join(found.records) or "no address"
    flags = " ".join(["RA"] * found.offered + ["AA"] * found.authoritative)
    evidence = Evidence(
        source=f"A {found.name}, asked of {found.host}", record=f"{found.said} {flags}: {told}"
    )
    return _told(
        _recursion(found), found, evidence, observed=f"{found.said} {flags}", expected="REFUSED"
    )


def _recursion(found: Recursion) -> Verdict:
    if not found.address:
        return not_applicable("lame")
    if not found.offered or found.said == "REFUSED":
        return passed("ok")
    if found.authoritative or not found.records:  # RA is a promise; only an answer is proof
        return unknown("promised", reason=Reason.INCONCLUSIVE)
    if found.inside:
        return unknown("inside", reason=Reason.WRONG_VANTAGE, name=found.name)
    return failed("open", fix="close", name=found.name)


@check("dns.servers.version")
def version(found: ServerVersion) -> Verdict:
    """The name server keeps the version of its software to itself."""
    evidence = Evidence(
        source=f"TXT version.bind, asked of {found.host}", record=found.text or found.said
    )
    return _told(_version(found), found, evidence, observed=found.text, expected="no version")


def _version(found: ServerVersion) -> Verdict:
    if not found.address:
        return not_applicable("lame")
    if _VERSION.search(found.text):
        return failed("told", fix="hide", text=found.text)
    return passed("ok")


def _told(
    verdict: Verdict,
    found: ZoneTransfer | Recursion | ServerVersion,
    evidence: Evidence,
    *,
    observed: str,
    expected: str,
) -> Verdict:
    return replace(
        verdict,
        values={"server": found.host, "zone": found.zone, **verdict.values},
        evidence=(evidence,) if found.address else (),
        observed=observed.strip(),
        expected=expected,
    )
