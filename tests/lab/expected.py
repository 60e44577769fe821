"""What the lab must be found to be, written by hand and not derived from anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posture.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = tuple[str, str]
"""Check and subject."""

SIGNS = {
    "ok": Status.PASS,
    "FAIL": Status.FAIL,
    "half": Status.PARTIAL,
    "?": Status.UNKNOWN,
    "-": Status.NOT_APPLICABLE,
    ".": None,
}
"""``.``: there is no such finding."""

# domain:{column}.example. Nothing else is known of bogus, whose signatures are over, of lame, whose
# server has lost the zone, and of hollow, whose server never had it; so also nothing of web sites
# and mail servers they may have.
DOMAINS = """
                          good   syntax two    lookups parked bogus lame  hollow
email.spf.present         ok     ok     ok     ok      ok     ?     ?     ?
email.spf.single          ok     ok     FAIL   ok      ok     ?     ?     ?
email.spf.valid           ok     FAIL   -      ok      ok     ?     ?     ?
email.spf.lookups         ok     -      -      FAIL    ok     ?     ?     ?
email.spf.restrictive     ok     -      -      ok      ok     ?     ?     ?
email.spf.closed          ok     -      -      ok      -      ?     ?     ?
email.spf.useful          ok     -      -      ok      ok     ?     ?     ?
email.dmarc.present       ok     ok     ok     FAIL    ok     ?     ?     ?
email.dmarc.enforced      ok     FAIL   ok     FAIL    ok     ?     ?     ?
email.dmarc.reports       ok     FAIL   FAIL   -       ok     ?     ?     ?
email.dmarc.consistent    ok     ok     ok     -       ok     ?     ?     ?
email.dkim.present        ok     ?      ok     FAIL    -      ?     ?     ?
email.dkim.strength       ok     ?      half   -       -      ?     ?     ?
email.dkim.usable         ok     ?      FAIL   -       -      ?     ?     ?
email.dkim.provider       -      -      -      -       -      ?     ?     ?
email.mx.filtered         -      -      -      -       -      ?     ?     ?
email.mx.reverse          ok     -      -      -       -      ?     ?     ?
email.senders.aligned     -      -      -      -       -      -     -     -
email.mx.sane             ok     ok     ok     ok      ok     ?     ?     ?
email.parked.locked       -      -      -      -       ok     ?     ?     ?
email.mtasts.present      FAIL   FAIL   FAIL   FAIL    -      ?     ?     ?
email.mtasts.valid        -      -      -      -       -      ?     ?     ?
email.mtasts.covers       -      -      -      -       -      ?     ?     ?
email.mtasts.enforced     -      -      -      -       -      ?     ?     ?
email.tlsrpt.present      -      -      -      -       -      ?     ?     ?
email.bimi.shown          ok     -      ok     -       ok     ?     ?     ?
dns.domain.exists         ok     ok     ok     ok      ok     ?     ?     ?
dns.caa.present           ok     FAIL   ok     ok      FAIL   ?     ?     ?
dns.references.registered ok     ok     FAIL   ok      ok     ?     ?     ?
dns.dnssec.valid          ok     -      -      -       -      FAIL  ?     ?
dns.dnssec.signed         ok     FAIL   FAIL   FAIL    FAIL   ok    ?     ?
dns.dnssec.modern         ok     -      -      -       -      -     ?     ?
dns.dnssec.fresh          ok     -      -      -       -      -     ?     ?
dns.delegation.diverse    ok     FAIL   FAIL   FAIL    FAIL   ?     ?     ?
dns.registration.active   ok     ok     ok     ok      ok     ?     ?     ?
dns.registration.expiry   ?      ?      ?      ?       ?      ?     ?     ?
dns.registration.locked   ?      ?      ?      ?       ?      ?     ?     ?
dns.delegation.answers    ok     ok     ok     FAIL    ok     ?     ?     ?
dns.delegation.agrees     ok     -      ok     -       -      ?     ?     ?
tls.web.trusted           .      .      .      .       .      ?     ?     ?
tls.web.name              .      .      .      .       .      ?     ?     ?
tls.web.expiry            .      .      .      .       .      ?     ?     ?
tls.web.legacy            .      .      .      .       .      ?     ?     ?
web.https.redirect        .      .      .      .       .      ?     ?     ?
web.hsts.present          .      .      .      .       .      ?     ?     ?
web.hsts.preload          .      .      .      .       .      ?     ?     ?
web.headers.nosniff       .      .      .      .       .      ?     ?     ?
web.headers.framing       .      .      .      .       .      ?     ?     ?
web.headers.referrer      .      .      .      .       .      ?     ?     ?
web.csp.effective         .      .      .      .       .      ?     ?     ?
web.cookies.secure        .      .      .      .       .      ?     ?     ?
web.cookies.hidden        .      .      .      .       .      ?     ?     ?
web.cookies.samesite      .      .      .      .       .      ?     ?     ?
web.content.encrypted     .      .      .      .       .      ?     ?     ?
web.forms.encrypted       .      .      .      .       .      ?     ?     ?
web.scripts.integrity     .      .      .      .       .      ?     ?     ?
web.securitytxt.valid     .      .      .      .       .      ?     ?     ?
web.software.supported    .      .      .      .       .      ?     ?     ?
dns.caa.matches           .      .      .      .       .      ?     ?     ?
tls.mail.starttls         .      .      .      .       .      ?     ?     ?
tls.mail.trusted          .      .      .      .       .      ?     ?     ?
tls.mail.name             .      .      .      .       .      ?     ?     ?
tls.mail.expiry           .      .      .      .       .      ?     ?     ?
tls.mail.legacy           .      .      .      .       .      ?     ?     ?
tls.web.alike             .      .      .      .       .      ?     ?     ?
tls.web.strength          .      .      .      .       .      ?     ?     ?
tls.web.suites            .      .      .      .      .      ?     ?     ?
tls.mail.suites           .      .      .      .      .      ?     ?     ?
tls.web.wellformed        .      .      .      .       .      ?     ?     ?
tls.mail.alike            .      .      .      .       .      ?     ?     ?
tls.mail.strength         .      .      .      .       .      ?     ?     ?
tls.mail.wellformed       .      .      .      .       .      ?     ?     ?
tls.web.unrevoked         .      .      .      .       .      ?     ?     ?
tls.mail.unrevoked        .      .      .      .       .      ?     ?     ?
email.dane.usable         .      .      .      .       .      ?     ?     ?
email.dane.matches        .      .      .      .       .      ?     ?     ?
"""

# website:{column}.example. Nothing listens at down, on either port.
SITES = """
                    www.good www.syntax www.two www.lookups shop.good intranet.good down.good
tls.web.trusted     ok       FAIL       ok      ok          FAIL      FAIL          ?
tls.web.name        ok       ok         FAIL    ok          ok        ok            ?
tls.web.expiry      ok       FAIL       ok      ok          ok        ok            ?
tls.web.legacy      ok       ok         ok      FAIL        ok        ok            ?
tls.web.alike       -        -          -       -           -         -             ?
tls.web.strength    ok       ok         ok      ok          ok        ok            ?
tls.web.suites      ok       ok         ok      FAIL        ok        ok            ?
tls.web.wellformed  ok       ok         ok      ok          ok        ok            ?
tls.web.unrevoked   -        -          -       -           -         -             ?
web.https.redirect  ok       ok         ok      FAIL        ok        ok            ok
web.hsts.present    ok       FAIL       FAIL    ok          ok        -             ?
web.hsts.preload       -    -    -    -    -    -    ?
web.headers.nosniff    -    -    -    -    -    -    ?
web.headers.framing    -    -    -    -    -    -    ?
web.headers.referrer   ok   ok   ok   ok   ok   ok   ?
web.csp.effective      -    -    -    -    -    -    ?
web.cookies.secure     -    -    -    -    -    -    ?
web.cookies.hidden     -    -    -    -    -    -    ?
web.cookies.samesite   -    -    -    -    -    -    ?
web.content.encrypted  ok   ok   ok   ok   ok   ok   ?
web.forms.encrypted    -    -    -    -    -    -    ?
web.scripts.integrity  -    -    -    -    -    -    ?
web.securitytxt.valid  FAIL FAIL FAIL FAIL FAIL FAIL ?
web.software.supported -    -    -    -    -    -    ?
dns.caa.matches     ok       -          -       FAIL        -         -             ?
"""

# mailserver:mx.{column}.example
MAIL = """
                    good  syntax two  lookups
tls.mail.starttls   ok    FAIL   ok   ok
tls.mail.trusted    ok    -      FAIL FAIL
tls.mail.name       ok    -      ok   ok
tls.mail.expiry     ok    -      ok   FAIL
tls.mail.legacy     ok    -      FAIL ok
tls.mail.alike      -     -      -    -
tls.mail.strength   ok    -      ok   ok
tls.mail.suites     ok    -      ok   ok
tls.mail.wellformed ok    -      ok   ok
tls.mail.unrevoked  -     -      -    -
email.dane.usable   -     -      -    -
email.dane.matches  -     -      -    -
"""

# host:{column}. The last one can be judged from outside only.
HOSTS = """
                             192.0.2.41 192.0.2.42 203.0.113.9
network.exposure.rdp         ok         ok         ?
network.exposure.smb         ok         ok         ?
network.exposure.cleartext   ok         ok         ?
network.exposure.databases   FAIL       ok         ?
network.exposure.admin       ok         ok         ?
"""

# backupset:{column}. restic does not record whether a run read everything.
BACKUPS = """
                          fresh old   ahead locked gone archives cut
backup.points.fresh       ok    FAIL  ok    ?      ?    ok       ok
backup.points.depth       ok    ok    ok    ?      ?    ok       ok
backup.points.clock       ok    ok    FAIL  ?      ?    ok       ok
backup.runs.succeeded     ?     ?     ?     ?      ?    ok       FAIL
"""

# company:{column}. It declares that it has no identity provider; nobody signed anything.
COMPANY = """
                           lab
identity.mfa.everyone      -
identity.mfa.admins        -
identity.mfa.registered    -
identity.baseline.present  -
identity.admins.count      -
dns.look_alikes.unused     ok
governance.edr.deployed    ?
governance.restore.tested  ?
governance.incident.plan   ?
"""


def expected() -> dict[Row, Status]:
    """Every finding of a scan of the whole lab."""
    tables = (
        ("domain:{}.example", DOMAINS),
        ("website:{}.example", SITES),
        ("mailserver:mx.{}.example", MAIL),
        ("host:{}", HOSTS),
        ("backupset:{}", BACKUPS),
        ("company:{}", COMPANY),
    )
    return {row: status for subject, table in tables for row, status in _rows(subject, table)}


def _rows(subject: str, table: str) -> Iterator[tuple[Row, Status]]:
    head, *lines = table.strip("\n").splitlines()
    for check, *signs in map(str.split, lines):
        for name, sign in zip(head.split(), signs, strict=True):
            if (status := SIGNS[sign]) is not None:
                yield (check, subject.format(name)), status
