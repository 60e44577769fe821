"""What a domain publishes about mail: SPF, DMARC and MX."""

from posture.model import Area

from . import (
    collect_dmarc,
    collect_mx,
    collect_spf,
    discover,
    forgery,
    parked,
    routing,
    sender_policy,
)

AREA = Area(
    name="email",
    title="E-mail",
    package=__name__,
    collectors=(collect_spf.spf, collect_dmarc.dmarc, collect_mx.mx),
    discoverers=(discover.mail_servers,),
    checks=(
        sender_policy.present,
        sender_policy.single,
        sender_policy.valid,
        sender_policy.lookups,
        sender_policy.restrictive,
        forgery.present,
        forgery.enforced,
        forgery.reports,
        routing.sane,
        parked.locked,
    ),
)
