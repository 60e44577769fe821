"""Network: what can be reached on the client's addresses, from inside and from outside."""

from posture.model import Area

from . import collect_nmap, collect_sweep, exposure

AREA = Area(
    name="network",
    title="Network",
    package=__name__,
    collectors=(collect_sweep.sweep, collect_sweep.ports, collect_nmap.products),
    discoverers=(collect_sweep.hosts,),
    checks=(
        exposure.rdp,
        exposure.smb,
        exposure.cleartext,
        exposure.databases,
        exposure.admin,
    ),
)
