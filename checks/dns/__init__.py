"""The records of a domain that are not about mail."""

from posture.model import Area

from . import (
    collect_delegation,
    collect_dns,
    collect_dnssec,
    collect_references,
    collect_registration,
    collect_servers,
    collect_strangers,
    delegation,
    discover,
    dnssec,
    issuers,
    references,
    registration,
    renewal,
    servers,
    strangers,
)

AREA = Area(
    name="dns",
    title="Domain names",
    package=__name__,
    collectors=(
        collect_dns.texts,
        collect_dns.addresses,
        collect_dns.caa,
        collect_dns.site_caa,
        collect_delegation.delegation,
        collect_dnssec.dnssec,
        collect_references.references,
        collect_registration.registration,
        collect_servers.authority,
        collect_strangers.transfer,
        collect_strangers.recursion,
        collect_strangers.version,
    ),
    discoverers=(discover.websites, discover.name_servers),
    checks=(
        issuers.present,
        renewal.matches,
        references.registered,
        dnssec.valid,
        dnssec.signed,
        delegation.diverse,
        registration.active,
        registration.expiry,
        registration.locked,
        servers.answers,
        servers.agrees,
        strangers.transfer,
        strangers.recursion,
        strangers.version,
    ),
)
