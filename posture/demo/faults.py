"""What can be wrong in the demo office. Each fault shows in one place and can be had alone."""

from enum import StrEnum


class Fault(StrEnum):
    """One believable mistake; the value is what somebody would say who found it."""

    SPF_MISSING = "the reminder domain publishes no SPF record"
    SPF_TWO = "the laboratory's domain has two SPF records"
    SPF_INVALID = "a typing error in the children's practice's SPF record"
    SPF_LOOKUPS = "the main domain includes too many mail services in its SPF record"
    SPF_PASS_ALL = "the invoice domain lets anybody send in its name"  # noqa: S105 - SPF's word
    DMARC_SUBDOMAINS = "names below the children's domain may be forged"
    DMARC_WATCHING = "the main domain's DMARC policy only watches"
    DMARC_NO_REPORTS = "nobody receives the DMARC reports of the orthodontist's domain"
    SENDER_UNALIGNED = "the newsletter service signs the main domain's mail with its own name only"
    DKIM_MISSING = "the orthodontist's mail is not signed"
    DKIM_SHORT = "the children's practice signs with a key that is too short"
    DKIM_TESTING = "the invoice domain says that its signature is only a test"
    MX_DANGLING = "a mail server of the invoice domain no longer exists"
    STS_MX_MISSING = "the orthodontist's policy for encrypted mail names a former mail server"
    DANE_STALE = "the main mail server's DANE record belongs to a key it no longer has"
    REVERSE_MISSING = "the address of the orthodontist's mail server has no name"
    PARKED_SOFT = "the parked domain only hints that it sends no mail"
    CAA_MISSING = "any certificate authority may issue for the main domain"
    CAA_SERVFAIL = "the name servers of the laboratory fail when asked for CAA"
    CAA_EXCLUDES = "the patient portal's CAA record names another certificate authority"
    REFERENCE_GONE = "mail programs of the children's domain are sent to a host that is gone"
    SERVERS_NEAR = "the invoice domain's name servers are in one network"
    REGISTRATION_ENDING = "the registration of the reminder domain ends in twelve days"
    LOOK_ALIKE = "somebody else takes mail at the laboratory's name with two letters swapped"
    REGISTRATION_UNLOCKED = "the laboratory's domain may be moved to another registrar"
    SIGNED_SHORT = "the children's domain is signed with a key that is too short"
    SIGNATURES_ENDING = "the signatures of the orthodontist's domain end tomorrow"
    SERVER_LAME = "a name server of the invoice domain has lost the zone"
    SERVER_VERSION = "a name server of the parked domain tells its version"
    SERVERS_DIFFER = "a name server of the laboratory's domain still has an old version of it"
    SITE_SELF_SIGNED = "the booking site signed its own certificate"
    SITE_REVOKED = "the certificate of the orthodontist's site was taken back by its issuer"
    SITE_WRONG_NAME = "the children's site shows its hosting provider's certificate"
    SITE_ENDING = "the laboratory's certificate should have been renewed by now"
    SITE_EXPIRING = "the main domain's certificate ends in three days"
    SITE_UNEVEN = "one address of the orthodontist's site still shows the previous certificate"
    SITE_LEGACY = "the patient portal still accepts TLS 1.0"
    SITE_NO_REDIRECT = "the orthodontist's site answers over plain HTTP"
    SITE_NO_HSTS = "the main site never tells browsers to insist on HTTPS"
    SITE_COOKIE_BARE = "the patient portal's session cookie travels unencrypted too"
    SITE_POLICY_OPEN = "the booking site's content policy lets every script run"
    SITE_OLD_SOFTWARE = "the children's site runs on software that nobody repairs"
    MAIL_NO_STARTTLS = "the laboratory's mail server knows no encryption"
    MAIL_WRONG_NAME = "the children's mail server shows a certificate for another name"
    MAIL_EXPIRING = "the certificate of the orthodontist's mail server ends in three days"
    MAIL_SELF_SIGNED = "the practice's second mail server signed its own certificate"
    MAIL_LEGACY = "the main mail server still accepts TLS 1.0"
    RDP_OPEN = "Remote Desktop is open on the reception computer"
    SMB_OPEN = "the X-ray computer shares its disk"
    VNC_OPEN = "the sterilisation room's computer can be watched with VNC"
    DATABASE_OPEN = "the practice server's database answers the whole network"
    ADMIN_OPEN = "the router's administration page answers the whole network"
    MFA_GAP = "two members of staff are left out of the second factor"
    REGISTRATION_GAP = "three people have set up no second factor"
    ADMINS_MANY = "six people are global administrators"
    BACKUP_STALE = "the practice database was last backed up four days ago"
    BACKUP_SHALLOW = "the X-ray backup reaches back only a week"
    BACKUP_CLOCK = "a mail backup is dated next year"
    BACKUP_BROKEN = "the last backup of the file server is cut off"
    EDR_MISSING = "nobody has put protection on every computer"
    RESTORE_EXPIRED = "the last restore test was too long ago"
    INCIDENT_UNANSWERED = "nobody has said whether there is an incident plan"


DEMO_FAULTS = frozenset(
    {
        Fault.SPF_MISSING,
        Fault.SPF_LOOKUPS,
        Fault.DMARC_WATCHING,
        Fault.PARKED_SOFT,
        Fault.CAA_MISSING,
        Fault.CAA_SERVFAIL,
        Fault.SITE_EXPIRING,
        Fault.SITE_ENDING,
        Fault.SITE_LEGACY,
        Fault.SITE_NO_HSTS,
        Fault.MAIL_EXPIRING,
        Fault.RDP_OPEN,
        Fault.ADMIN_OPEN,
        Fault.MFA_GAP,
        Fault.BACKUP_STALE,
        Fault.RESTORE_EXPIRED,
        Fault.INCIDENT_UNANSWERED,
    }
)
"""What a first look finds: every area has something, and every status occurs."""
