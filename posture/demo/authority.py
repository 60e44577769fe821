"""The demo office's name servers: each answers for the zones it holds, and for nobody else's."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from posture.demo import names
from posture.demo.dns import MAX_UDP, Zones, rrset
from posture.demo.faults import Fault

VERSION = "NSD 4.6.1"
_WITHHELD = {dns.rdatatype.AXFR, dns.rdatatype.IXFR}


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """One of them."""

    zones: Zones
    """Everything that is published, by whomever."""
    held: Mapping[str, str]
    """The zones it has, each with its SOA."""
    version: str = ""
    """What it tells of its software; empty: nothing."""

    def reply(self, query: dns.message.Message) -> dns.message.Message:
        """Answer from the zones it holds and refuse the rest; nobody is asked on behalf of it."""
        reply = dns.message.make_response(query, our_payload=MAX_UDP)
        asked = query.question[0]
        if asked.rdclass == dns.rdataclass.CHAOS and self.version:
            reply.answer.append(
                rrset(asked.name, "TXT", [f'"{self.version}"'], dns.rdataclass.CHAOS)
            )
        elif asked.rdclass == dns.rdataclass.IN and asked.rdtype not in _WITHHELD:
            self._say(asked.name, dns.rdatatype.to_text(asked.rdtype), reply)
        else:
            reply.set_rcode(dns.rcode.REFUSED)
        return reply

    def _say(self, owner: dns.name.Name, rdtype: str, reply: dns.message.Message) -> None:
        name = owner.to_text(omit_final_dot=True).lower()
        parts = name.split(".")
        above = (".".join(parts[start:]) for start in range(len(parts)))
        zone = next((each for each in above if each in self.held), None)
        if zone is None:
            reply.set_rcode(dns.rcode.REFUSED)
            return
        reply.flags |= dns.flags.AA
        records = self.zones.names.get(name, {}).get(rdtype, [])
        if (rdtype, name) == ("SOA", zone):
            records = [self.held[zone]]
        if records and isinstance(records, list):
            reply.answer.append(rrset(owner, rdtype, records))
            return
        reply.authority.append(rrset(dns.name.from_text(zone), "SOA", [self.held[zone]]))
        if not self.zones.exists(name):
            reply.set_rcode(dns.rcode.NXDOMAIN)


def servers(zones: Zones, faults: AbstractSet[Fault]) -> dict[str, NameServer]:
    """Every name server of the office's zones, by its host name."""
    found = {}
    for host in names.NAME_SERVERS:
        held = {zone: names.SOA for zone in names.ZONES if host in names.served_by(zone)}
        if Fault.SERVER_LAME in faults and names.served_by(names.INVOICES)[-1] == host:
            del held[names.INVOICES]
        if Fault.SERVERS_DIFFER in faults and names.served_by(names.LAB)[-1] == host:
            held[names.LAB] = names.OLD_SOA
        tells = Fault.SERVER_VERSION in faults and names.served_by(names.PARKED)[-1] == host
        found[host] = NameServer(zones=zones, held=held, version=VERSION if tells else "")
    return found
