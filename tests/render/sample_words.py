"""The words of the sample's rules, as pages of checks would have them."""

from __future__ import annotations

from posture.audit import CheckWords
from posture.model import Severity

# check id: score area, severity, title, good, risk, action
RULES: dict[str, tuple[str, Severity, str, str, str, str]] = {
    "identity.mfa.admins": (
        "identity",
        Severity.CRITICAL,
        "Every administrator signs in with a second factor",
        "Administrators prove who they are in two ways",
        "One stolen password is enough to take over your whole office.",
        "Make every administrator use a second factor to sign in",
    ),
    "identity.admins.count": (
        "identity",
        Severity.MEDIUM,
        "There are two to four global administrators",
        "Only a few people can change everything",
        "Many people can change everything, so one mistake reaches far.",
        "Bring the number of global administrators down to four",
    ),
    "email.dmarc.enforced": (
        "email",
        Severity.HIGH,
        "Mail that fails DMARC is rejected or quarantined",
        "Forged mail in your name is turned away",
        "Today a stranger can send e-mail that looks exactly like yours.",
        "Tell other mail systems to refuse forged mail in your name",
    ),
    "email.spf.valid": (
        "email",
        Severity.MEDIUM,
        "The SPF record can be evaluated",
        "Other mail systems know which servers send your mail",
        "Your own mail may land in the spam folder.",
        "Repair the list of servers that send your mail",
    ),
    "network.exposure.rdp": (
        "network",
        Severity.CRITICAL,
        "Remote Desktop cannot be reached from the internet",
        "Nobody on the internet can reach your screens",
        "Criminals look for open remote desktops all day and guess passwords.",
        "Close Remote Desktop to the internet, use a VPN instead",
    ),
    "tls.certificate.trusted": (
        "tls",
        Severity.HIGH,
        "The certificate is trusted",
        "Visitors see that your website is really yours",
        "Visitors see a warning instead of your website.",
        "Install a certificate that browsers trust",
    ),
    "web.https.redirect": (
        "tls",
        Severity.MEDIUM,
        "The website sends every visitor to HTTPS",
        "Every visit to your website is encrypted",
        "What visitors type into your website can be read on the way.",
        "Send every visitor to the encrypted website",
    ),
    "dns.caa.present": (
        "dns",
        Severity.LOW,
        "CAA names who may issue certificates",
        "Only the issuers you chose can make certificates for you",
        "Any issuer in the world may make a certificate in your name.",
        "Say who may issue certificates for your domain",
    ),
    "backup.copies.fresh": (
        "backup",
        Severity.CRITICAL,
        "The newest good backup is younger than its target",
        "Your latest backup is fresh",
        "After a disaster you would lose more work than you planned for.",
        "Get the nightly backup to run again",
    ),
    "backup.copies.old": (
        "backup",
        Severity.HIGH,
        "A backup of at least 30 days ago exists",
        "You can go back a month",
        "Damage that nobody notices for weeks could not be undone.",
        "Keep backups for at least a month",
    ),
    "governance.training.yearly": (
        "governance",
        Severity.MEDIUM,
        "Staff are trained once a year",
        "Your people know what to look out for",
        "Most break-ins start with a person who was not warned.",
        "Train everybody once a year",
    ),
    "governance.incident.plan": (
        "governance",
        Severity.HIGH,
        "There is a plan for an incident",
        "You know whom to call when something happens",
        "In an emergency, time is lost finding out whom to call.",
        "Write down whom to call in an emergency",
    ),
    "network.relay.closed": (
        "network",
        Severity.HIGH,
        "The mail server forwards no mail for strangers",
        "Nobody sends mail through your server",
        "Strangers could send mail through your server.",
        "Close the mail server to strangers",
    ),
}

WHY = """A password is guessed, bought or phished every day. With a **second factor** it is
worthless on its own.

- Administrators can read every mailbox.
- They can switch off protection, see <https://www.rfc-editor.org/rfc/rfc9989>.
"""
HOW = """1. Open the admin centre, then *Protection*.
2. Turn on `security defaults`:

```
Update-MgPolicyIdentitySecurityDefaultEnforcementPolicy -IsEnabled
```

It takes [a few minutes](https://www.example.com/how).
"""


def page(check: str) -> CheckWords:
    _, _, title, good, risk, action = RULES[check]
    return CheckWords(
        title=title,
        good=good,
        risk=risk,
        action=action,
        why=WHY,
        how=HOW,
        maps={"cis": ("6.5",), "csf": ("PR.AA-03",), "ce": (), "house": ("H-1",)},
    )
