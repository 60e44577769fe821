"""Whether there is a domain of the name that was declared."""

from dataclasses import replace

from posture.model import Evidence, Verdict, check, failed, passed

from .facts import DomainExistence


@check("dns.domain.exists")
def exists(existence: DomainExistence) -> Verdict:
    """The declared name exists in the DNS of the world."""
    name, zone = existence.domain, existence.denied_by
    found = f"NXDOMAIN, says {zone}" if zone else "exists"
    evidence = Evidence(source=f"A and TXT {name}", record=found)
    if zone:
        verdict = failed("missing", evidence, fix="find", domain=name, zone=zone)
    else:
        verdict = passed("ok", evidence, domain=name)
    return replace(verdict, observed=found, expected="exists")
