"""What a demo office must be found to be, written by hand and not derived from anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from posture.demo.faults import Fault
from posture.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = tuple[str, str]
"""Check and subject."""

MAIN = "domain:smile-dental.example"
ORTHO = "domain:smile-orthodontics.example"
LAB = "domain:smile-lab.example"
KIDS = "domain:smile-kids.example"
RECALL = "domain:smile-recall.example"
INVOICES = "domain:smile-invoices.example"
PARKED = "domain:smiledental.example"
SENDING = (MAIN, ORTHO, LAB, KIDS, RECALL, INVOICES)
DOMAINS = (*SENDING, PARKED)

SITES = (
    "website:smile-dental.example",
    "website:www.smile-dental.example",
    "website:booking.smile-dental.example",
    "website:portal.smile-dental.example",
    "website:www.smile-orthodontics.example",
    "website:www.smile-lab.example",
    "website:www.smile-kids.example",
)
MAIL = (
    "mailserver:mx1.smile-dental.example",
    "mailserver:mx2.smile-dental.example",
    "mailserver:mx.smile-orthodontics.example",
    "mailserver:mx.smile-lab.example",
    "mailserver:mx.smile-kids.example",
)
NAME_SERVERS = (
    "nameserver:ns1.dns.demo.example/smile-dental.example",
    "nameserver:ns2.dns.demo.example/smile-dental.example",
    "nameserver:ns1.dns.demo.example/smile-orthodontics.example",
    "nameserver:ns2.dns.demo.example/smile-orthodontics.example",
    "nameserver:ns1.dns.demo.example/smile-lab.example",
    "nameserver:ns2.dns.demo.example/smile-lab.example",
    "nameserver:ns1.dns.demo.example/smile-kids.example",
    "nameserver:ns2.dns.demo.example/smile-kids.example",
    "nameserver:ns1.dns.demo.example/smile-recall.example",
    "nameserver:ns2.dns.demo.example/smile-recall.example",
    "nameserver:ns1.dns.demo.example/smile-invoices.example",
    "nameserver:ns3.dns.demo.example/smile-invoices.example",
    "nameserver:ns1.dns.demo.example/smiledental.example",
    "nameserver:ns4.dns.demo.example/smiledental.example",
)
HOSTS = (
    "host:192.0.2.9",
    "host:192.0.2.10",
    "host:192.0.2.11",
    "host:192.0.2.12",
    "host:192.0.2.13",
    "host:192.0.2.14",
)
TENANT = ("tenant:entra/Smile Dental",)
BACKUPS = (
    "backupset:practice database",
    "backupset:X-ray images",
    "backupset:mail archive",
    "backupset:file server",
)
COMPANY = ("company:smile-dental",)

PASSING: dict[str, tuple[str, ...]] = {
    "email.spf.present": DOMAINS,
    "email.spf.single": DOMAINS,
    "email.spf.valid": DOMAINS,
    "email.spf.lookups": DOMAINS,
    "email.spf.restrictive": DOMAINS,
    "email.spf.closed": SENDING,
    "email.spf.useful": DOMAINS,
    "email.dmarc.present": DOMAINS,
    "email.dmarc.enforced": DOMAINS,
    "email.dmarc.reports": DOMAINS,
    "email.dmarc.consistent": DOMAINS,
    "email.dkim.present": SENDING,
    "email.dkim.strength": SENDING,
    "email.dkim.usable": SENDING,
    "email.senders.aligned": (MAIN,),
    "email.mx.sane": DOMAINS,
    "email.mx.reverse": (MAIN, ORTHO, LAB, KIDS),
    "email.parked.locked": (PARKED,),
    "email.mtasts.present": SENDING,
    "email.mtasts.valid": SENDING,
    "email.mtasts.covers": SENDING,
    "email.mtasts.enforced": SENDING,
    "email.tlsrpt.present": SENDING,
    "email.dane.usable": MAIL[:1],
    "email.dane.matches": MAIL[:1],
    "email.bimi.shown": DOMAINS,
    "dns.caa.present": DOMAINS,
    "dns.caa.matches": SITES,
    "dns.references.registered": DOMAINS,
    "dns.dnssec.valid": DOMAINS,
    "dns.domain.exists": DOMAINS,
    "dns.dnssec.signed": DOMAINS,
    "dns.dnssec.modern": DOMAINS,
    "dns.dnssec.fresh": DOMAINS,
    "dns.delegation.diverse": DOMAINS,
    "dns.look_alikes.unused": COMPANY,
    "dns.registration.active": DOMAINS,
    "dns.registration.expiry": DOMAINS,
    "dns.registration.locked": DOMAINS,
    "dns.delegation.answers": DOMAINS,
    "dns.delegation.agrees": DOMAINS,
    "dns.servers.transfer": NAME_SERVERS,
    "dns.servers.recursion": NAME_SERVERS,
    "dns.servers.version": NAME_SERVERS,
    "tls.web.trusted": SITES,
    "tls.web.name": SITES,
    "tls.web.expiry": SITES,
    "tls.web.legacy": SITES,
    "tls.web.patched": SITES,
    "tls.web.sealed": SITES,
    "tls.web.alike": SITES[4:5],
    "tls.web.strength": SITES,
    "tls.web.wellformed": SITES,
    "tls.web.suites": SITES,
    "tls.web.unrevoked": SITES,
    "tls.mail.starttls": MAIL,
    "tls.mail.trusted": MAIL,
    "tls.mail.name": MAIL,
    "tls.mail.expiry": MAIL,
    "tls.mail.legacy": MAIL,
    "tls.mail.strength": MAIL,
    "tls.mail.wellformed": MAIL,
    "tls.mail.suites": MAIL,
    "tls.mail.unrevoked": MAIL,
    "web.https.redirect": SITES,
    "web.hsts.present": SITES,
    "web.headers.nosniff": SITES,
    "web.headers.framing": SITES,
    "web.headers.referrer": SITES,
    "web.csp.effective": SITES,
    "web.cookies.secure": SITES,
    "web.cookies.hidden": SITES,
    "web.cookies.samesite": SITES,
    "web.content.encrypted": SITES,
    "web.forms.encrypted": SITES,
    "web.securitytxt.valid": SITES,
    "web.files.private": SITES,
    "web.files.contents": SITES,
    "network.exposure.rdp": HOSTS,
    "network.exposure.smb": HOSTS,
    "network.exposure.cleartext": HOSTS,
    "network.exposure.databases": HOSTS,
    "network.exposure.admin": HOSTS,
    "identity.mfa.everyone": TENANT,
    "identity.mfa.admins": TENANT,
    "identity.mfa.registered": TENANT,
    "identity.baseline.present": TENANT,
    "identity.admins.count": TENANT,
    "backup.points.fresh": BACKUPS,
    "backup.points.depth": BACKUPS,
    "backup.points.clock": BACKUPS,
    "backup.runs.succeeded": BACKUPS,
    "governance.edr.deployed": COMPANY,
    "governance.restore.tested": COMPANY,
    "governance.incident.plan": COMPANY,
}

NOT_ARISING: dict[str, tuple[str, ...]] = {
    # One site has two addresses, no mail server has.
    "tls.web.alike": (*SITES[:4], *SITES[5:]),
    "tls.mail.alike": MAIL,
    # Reports are kept of the main domain only.
    "email.senders.aligned": tuple(domain for domain in DOMAINS if domain != MAIN),
    # A domain that sends nothing is asked for more than that.
    "email.spf.closed": (PARKED,),
    # Only a domain that sends nothing must be locked.
    "email.parked.locked": SENDING,
    # The office runs its own mail servers: no service holds its mailboxes or filters its mail.
    "email.dkim.provider": DOMAINS,
    "email.mx.filtered": DOMAINS,
    # Their mail is taken by servers of the main domain, or by nobody.
    "email.mx.reverse": (RECALL, INVOICES, PARKED),
    # A domain that sends nothing signs nothing.
    "email.dkim.present": (PARKED,),
    "email.dkim.strength": (PARKED,),
    "email.dkim.usable": (PARKED,),
    # This one takes no mail either, so nothing is said of how it is to be delivered.
    "email.mtasts.present": (PARKED,),
    "email.mtasts.valid": (PARKED,),
    "email.mtasts.covers": (PARKED,),
    "email.mtasts.enforced": (PARKED,),
    "email.tlsrpt.present": (PARKED,),
    # One server has DANE records.
    "email.dane.usable": MAIL[1:],
    "email.dane.matches": MAIL[1:],
    # No site asks for the browsers' list, uses scripts of others, or names what it runs on.
    "web.hsts.preload": SITES,
    "web.scripts.integrity": SITES,
    "web.software.supported": SITES,
}


class Change(NamedTuple):
    """The finding that a fault changes, and the questions that no longer arise because of it."""

    check: str
    subject: str
    status: Status
    moot: tuple[str, ...] = ()
    """Checks of the same subject that become not applicable: what they ask about is not there."""
    also: tuple[Row, ...] = ()
    """Rows of other subjects that become not applicable."""

    def rows(self) -> dict[Row, Status]:
        """Everything that differs."""
        gone = {(check, self.subject): Status.NOT_APPLICABLE for check in self.moot}
        gone |= dict.fromkeys(self.also, Status.NOT_APPLICABLE)
        return {(self.check, self.subject): self.status, **gone}


SPF_TERMS = ("email.spf.lookups", "email.spf.restrictive", "email.spf.closed", "email.spf.useful")
"""What is asked of a record that can be read."""

CHANGES: dict[Fault, Change] = {
    Fault.SPF_MISSING: Change(
        "email.spf.present",
        RECALL,
        Status.FAIL,
        moot=("email.spf.single", "email.spf.valid", *SPF_TERMS),
    ),
    Fault.SPF_TWO: Change(
        "email.spf.single",
        LAB,
        Status.FAIL,
        moot=("email.spf.valid", *SPF_TERMS, "email.mx.reverse"),
    ),
    Fault.SPF_INVALID: Change(
        "email.spf.valid", KIDS, Status.FAIL, moot=(*SPF_TERMS, "email.mx.reverse")
    ),
    Fault.SPF_LOOKUPS: Change("email.spf.lookups", MAIN, Status.FAIL),
    Fault.SPF_PASS_ALL: Change(
        "email.spf.restrictive", INVOICES, Status.FAIL, moot=("email.spf.closed",)
    ),
    # DMARC that is not enforced is in the way of a logo, if there were one.
    Fault.DMARC_SUBDOMAINS: Change(
        "email.dmarc.enforced", KIDS, Status.FAIL, moot=("email.bimi.shown",)
    ),
    Fault.DMARC_WATCHING: Change(
        "email.dmarc.enforced", MAIN, Status.FAIL, moot=("email.bimi.shown",)
    ),
    Fault.DMARC_NO_REPORTS: Change("email.dmarc.reports", ORTHO, Status.FAIL),
    Fault.SENDER_UNALIGNED: Change("email.senders.aligned", MAIN, Status.FAIL),
    Fault.DKIM_MISSING: Change(
        "email.dkim.present",
        ORTHO,
        Status.FAIL,
        moot=("email.dkim.strength", "email.dkim.usable"),
    ),
    Fault.DKIM_SHORT: Change("email.dkim.strength", KIDS, Status.PARTIAL),
    Fault.DKIM_TESTING: Change("email.dkim.usable", INVOICES, Status.FAIL),
    Fault.MX_DANGLING: Change("email.mx.sane", INVOICES, Status.FAIL),
    Fault.STS_MX_MISSING: Change("email.mtasts.covers", ORTHO, Status.FAIL),
    Fault.DANE_STALE: Change("email.dane.matches", MAIL[0], Status.FAIL),
    Fault.REVERSE_MISSING: Change("email.mx.reverse", ORTHO, Status.FAIL),
    Fault.PARKED_SOFT: Change("email.parked.locked", PARKED, Status.FAIL),
    Fault.CAA_MISSING: Change(
        "dns.caa.present",
        MAIN,
        Status.FAIL,
        also=(("dns.caa.matches", "website:smile-dental.example"),),
    ),
    Fault.CAA_EXCLUDES: Change(
        "dns.caa.matches", "website:portal.smile-dental.example", Status.FAIL
    ),
    Fault.CAA_SERVFAIL: Change("dns.caa.present", LAB, Status.UNKNOWN),
    Fault.REFERENCE_GONE: Change("dns.references.registered", KIDS, Status.FAIL),
    Fault.SERVERS_NEAR: Change("dns.delegation.diverse", INVOICES, Status.FAIL),
    Fault.LOOK_ALIKE: Change("dns.look_alikes.unused", "company:smile-dental", Status.FAIL),
    Fault.REGISTRATION_ENDING: Change("dns.registration.expiry", RECALL, Status.FAIL),
    Fault.REGISTRATION_UNLOCKED: Change("dns.registration.locked", LAB, Status.FAIL),
    Fault.SIGNED_SHORT: Change("dns.dnssec.modern", KIDS, Status.FAIL),
    Fault.SIGNATURES_ENDING: Change("dns.dnssec.fresh", ORTHO, Status.FAIL),
    Fault.SERVER_LAME: Change(
        "dns.delegation.answers",
        INVOICES,
        Status.FAIL,
        moot=("dns.delegation.agrees",),
        # Nobody asks a server about what it does not have.
        also=(
            ("dns.servers.transfer", "nameserver:ns3.dns.demo.example/smile-invoices.example"),
            ("dns.servers.recursion", "nameserver:ns3.dns.demo.example/smile-invoices.example"),
            ("dns.servers.version", "nameserver:ns3.dns.demo.example/smile-invoices.example"),
        ),
    ),
    Fault.SERVER_VERSION: Change("dns.servers.version", NAME_SERVERS[-1], Status.FAIL),
    Fault.SERVERS_DIFFER: Change("dns.delegation.agrees", LAB, Status.FAIL),
    Fault.SITE_SELF_SIGNED: Change(
        "tls.web.trusted",
        "website:booking.smile-dental.example",
        Status.FAIL,
        moot=("web.hsts.present", "dns.caa.matches", "tls.web.unrevoked"),
    ),
    Fault.SITE_REVOKED: Change(
        "tls.web.unrevoked", "website:www.smile-orthodontics.example", Status.FAIL
    ),
    Fault.SITE_WRONG_NAME: Change(
        "tls.web.name",
        "website:www.smile-kids.example",
        Status.FAIL,
        moot=("web.hsts.present", "dns.caa.matches"),
    ),
    Fault.SITE_ENDING: Change("tls.web.expiry", "website:www.smile-lab.example", Status.PARTIAL),
    Fault.SITE_EXPIRING: Change("tls.web.expiry", "website:smile-dental.example", Status.FAIL),
    Fault.SITE_UNEVEN: Change(
        "tls.web.alike", "website:www.smile-orthodontics.example", Status.FAIL
    ),
    Fault.SITE_LEGACY: Change("tls.web.legacy", "website:portal.smile-dental.example", Status.FAIL),
    Fault.SITE_NO_REDIRECT: Change(
        "web.https.redirect", "website:www.smile-orthodontics.example", Status.FAIL
    ),
    Fault.SITE_NO_HSTS: Change("web.hsts.present", "website:www.smile-dental.example", Status.FAIL),
    Fault.SITE_COOKIE_BARE: Change(
        "web.cookies.secure", "website:portal.smile-dental.example", Status.FAIL
    ),
    Fault.SITE_POLICY_OPEN: Change(
        "web.csp.effective", "website:booking.smile-dental.example", Status.FAIL
    ),
    Fault.SITE_OLD_SOFTWARE: Change(
        "web.software.supported", "website:www.smile-kids.example", Status.FAIL
    ),
    Fault.MAIL_NO_STARTTLS: Change(
        "tls.mail.starttls",
        "mailserver:mx.smile-lab.example",
        Status.FAIL,
        moot=(
            "tls.mail.trusted",
            "tls.mail.name",
            "tls.mail.expiry",
            "tls.mail.legacy",
            "tls.mail.strength",
            "tls.mail.wellformed",
            "tls.mail.suites",
            "tls.mail.unrevoked",
        ),
    ),
    Fault.MAIL_WRONG_NAME: Change("tls.mail.name", "mailserver:mx.smile-kids.example", Status.FAIL),
    Fault.MAIL_EXPIRING: Change(
        "tls.mail.expiry", "mailserver:mx.smile-orthodontics.example", Status.FAIL
    ),
    Fault.MAIL_SELF_SIGNED: Change(
        "tls.mail.trusted",
        "mailserver:mx2.smile-dental.example",
        Status.FAIL,
        moot=("tls.mail.unrevoked",),
    ),
    Fault.MAIL_LEGACY: Change(
        "tls.mail.legacy", "mailserver:mx1.smile-dental.example", Status.FAIL
    ),
    Fault.RDP_OPEN: Change("network.exposure.rdp", "host:192.0.2.11", Status.FAIL),
    Fault.SMB_OPEN: Change("network.exposure.smb", "host:192.0.2.12", Status.FAIL),
    Fault.VNC_OPEN: Change("network.exposure.cleartext", "host:192.0.2.13", Status.FAIL),
    Fault.DATABASE_OPEN: Change("network.exposure.databases", "host:192.0.2.10", Status.FAIL),
    Fault.ADMIN_OPEN: Change("network.exposure.admin", "host:192.0.2.9", Status.FAIL),
    Fault.MFA_GAP: Change("identity.mfa.everyone", "tenant:entra/Smile Dental", Status.PARTIAL),
    Fault.REGISTRATION_GAP: Change(
        "identity.mfa.registered", "tenant:entra/Smile Dental", Status.PARTIAL
    ),
    Fault.ADMINS_MANY: Change("identity.admins.count", "tenant:entra/Smile Dental", Status.FAIL),
    Fault.BACKUP_STALE: Change("backup.points.fresh", "backupset:practice database", Status.FAIL),
    Fault.BACKUP_SHALLOW: Change("backup.points.depth", "backupset:X-ray images", Status.FAIL),
    Fault.BACKUP_CLOCK: Change("backup.points.clock", "backupset:mail archive", Status.FAIL),
    Fault.BACKUP_BROKEN: Change("backup.runs.succeeded", "backupset:file server", Status.FAIL),
    Fault.EDR_MISSING: Change("governance.edr.deployed", "company:smile-dental", Status.FAIL),
    Fault.RESTORE_EXPIRED: Change(
        "governance.restore.tested", "company:smile-dental", Status.UNKNOWN
    ),
    Fault.INCIDENT_UNANSWERED: Change(
        "governance.incident.plan", "company:smile-dental", Status.UNKNOWN
    ),
}


def expected(faults: Iterable[Fault]) -> dict[Row, Status]:
    """Every finding of an office with these faults."""
    rows = {(check, subject): Status.PASS for check in PASSING for subject in PASSING[check]}
    for check, subjects in NOT_ARISING.items():
        rows.update({(check, subject): Status.NOT_APPLICABLE for subject in subjects})
    for fault in faults:
        rows.update(CHANGES[fault].rows())
    return rows
