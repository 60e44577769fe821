"""How people sign in: multi-factor authentication and administrators."""

from posture.model import Area

from . import admins, baseline, collect_entra, mfa, registration

AREA = Area(
    name="identity",
    title="Sign-in and administrators",
    package=__name__,
    collectors=(
        collect_entra.licence,
        collect_entra.security_defaults,
        collect_entra.conditional_access,
        collect_entra.directory,
        collect_entra.per_user_mfa,
        collect_entra.registration,
    ),
    checks=(
        admins.count,
        baseline.present,
        mfa.admins,
        mfa.everyone,
        registration.registered,
    ),
)
