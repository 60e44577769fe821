"""What a domain publishes about mail (SPF, DMARC, DKIM, MX), and what receivers report of it."""

from posture.model import Area

from . import (
    agreement,
    collect_dkim,
    collect_dmarc,
    collect_dmarc_probe,
    collect_mx,
    collect_reports,
    collect_spf,
    collect_spf_probe,
    discover,
    forgery,
    parked,
    routing,
    sender_policy,
    senders,
    signing,
    spf_terms,
)

AREA = Area(
    name="email",
    title="E-mail",
    package=__name__,
    collectors=(
        collect_spf.spf,
        collect_dmarc.dmarc,
        collect_dkim.dkim,
        collect_mx.mx,
        collect_reports.reports,
    ),
    discoverers=(discover.mail_servers,),
    checks=(
        sender_policy.present,
        sender_policy.single,
        sender_policy.valid,
        sender_policy.lookups,
        sender_policy.restrictive,
        spf_terms.closed,
        spf_terms.useful,
        forgery.present,
        forgery.enforced,
        forgery.reports,
        agreement.consistent,
        signing.present,
        signing.strength,
        signing.usable,
        senders.aligned,
        routing.sane,
        parked.locked,
    ),
    probes=(collect_dmarc_probe.PROBE, collect_spf_probe.PROBE),
)
