"""TLS as browsers and mail servers meet it: certificates, versions and STARTTLS."""

from posture.model import Area

from . import (
    addresses,
    certificates,
    collect_addresses,
    collect_mail,
    collect_probe,
    collect_revocation,
    collect_survey,
    collect_web,
    mail,
    revocation,
    suites,
    web,
)

AREA = Area(
    name="tls",
    title="Encryption",
    package=__name__,
    collectors=(
        collect_web.certificate,
        collect_web.versions,
        collect_addresses.web,
        collect_mail.starttls,
        collect_mail.certificate,
        collect_mail.versions,
        collect_addresses.mail,
        collect_revocation.web,
        collect_revocation.mail,
        collect_survey.web,
        collect_survey.mail,
    ),
    checks=(
        web.trusted,
        web.name,
        web.expiry,
        web.legacy,
        addresses.web_alike,
        certificates.web_strength,
        certificates.web_wellformed,
        revocation.web,
        mail.starttls,
        mail.trusted,
        mail.name,
        mail.expiry,
        mail.legacy,
        addresses.mail_alike,
        certificates.mail_strength,
        certificates.mail_wellformed,
        suites.web,
        suites.mail,
        revocation.mail,
    ),
    probes=(collect_probe.PROBE,),
)
