"""The records of a domain that are not about mail."""

from posture.model import Area

from . import collect_dns, discover, issuers

AREA = Area(
    name="dns",
    title="Domain names",
    package=__name__,
    collectors=(collect_dns.texts, collect_dns.addresses, collect_dns.caa),
    discoverers=(discover.websites,),
    checks=(issuers.present,),
)
