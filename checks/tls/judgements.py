"""What the judges of web sites and of mail servers have in common. The texts are in their pages."""

from dataclasses import replace
from datetime import datetime, timedelta

from posture.model import Evidence, Reason, Status, Value, Verdict, failed, params, passed, unknown

from .facts import Certificate, Outcome, Presented, TrustResult, VersionProbe

LEGACY = ("TLS 1.0", "TLS 1.1")
SHOWN_NAMES = 5


@params
class Expiry:
    """When a certificate is near its end. Of share and days the shorter counts.

    A rule in days alone cries wolf over certificates that live six weeks, a rule in shares alone
    over those that live ten years.
    """

    warn_share: float
    """Part of its lifetime, 0 to 1, that should be left."""
    warn_days: float
    alarm_share: float
    """Part of its lifetime that must be left."""
    alarm_days: float
    last_days: float
    """Fewer are an alarm whatever their share, unless a healthy certificate has no more either."""
    manual_days: float
    """A public certificate that lives longer was probably fetched by a person."""


def trusted(presented: Presented) -> Verdict:
    """A path leads from the certificate to an authority in the store."""
    trust, seen = presented.trust, _evidence(presented)
    values = {"issuer": presented.leaf.issuer, "store": trust.store, "detail": trust.detail}
    if trust.result is TrustResult.UNDECIDED:
        return unknown("undecided", seen, reason=Reason.INCONCLUSIVE, detail=trust.detail)
    if trust.result is TrustResult.TRUSTED:
        verdict = passed("ok", seen, **values)
    elif trust.result is TrustResult.INCOMPLETE_CHAIN and trust.url:
        verdict = failed(trust.result.value, seen, fix="fetch", **values, url=trust.url)
    else:
        verdict = failed(trust.result.value, seen, fix=_FIXES[trust.result], **values)
    return replace(verdict, observed=trust.result.value, expected="trusted")


_FIXES = {
    TrustResult.SELF_SIGNED: "replace",
    TrustResult.UNKNOWN_ISSUER: "replace",
    TrustResult.INCOMPLETE_CHAIN: "chain",
    TrustResult.EXPIRED: "replace",
    TrustResult.NOT_YET_VALID: "clock",
    TrustResult.OTHER: "replace",
}


def right_name(presented: Presented) -> Verdict:
    """The certificate is issued for the name the server is reached by."""
    leaf, seen = presented.leaf, _evidence(presented)
    every = (*leaf.names, *leaf.addresses)
    names = ", ".join(every[:SHOWN_NAMES]) + (" …" if len(every) > SHOWN_NAMES else "")
    if presented.name_matches:
        verdict = passed("ok", seen, host=presented.host)
    elif every:
        verdict = failed("mismatch", seen, fix="reissue", host=presented.host, names=names)
    else:
        verdict = failed("nameless", seen, fix="reissue", host=presented.host)
    return replace(verdict, observed=names or "no name", expected=presented.host)


def in_time(presented: Presented, taken: datetime, settings: Expiry) -> Verdict:
    """The certificate has enough of its lifetime left."""
    leaf, seen = presented.leaf, _evidence(presented)
    left, lifetime = leaf.not_after - taken, leaf.not_after - leaf.not_before
    warn = min(settings.warn_share * lifetime, timedelta(days=settings.warn_days))
    alarm = min(settings.alarm_share * lifetime, timedelta(days=settings.alarm_days))
    alarm = max(alarm, min(timedelta(days=settings.last_days), warn))
    values: dict[str, Value] = {
        "date": f"{leaf.not_after:%Y-%m-%d}",
        "days": abs(left).days,
        "of": lifetime.days,
    }
    if taken < leaf.not_before:
        begin = f"{leaf.not_before:%Y-%m-%d}"
        verdict = failed("not_yet", seen, fix="clock", date=begin)
    elif left <= timedelta():
        verdict = failed("expired", seen, fix="renew", **values)
    elif left < alarm:
        verdict = failed("alarm", seen, fix="renew", **values)
    elif left < warn:
        verdict = Verdict(
            status=Status.PARTIAL,
            says="warn",
            values=values,
            fix="renew",
            evidence=(seen,),
            share=0.5,
        )
    else:
        manual = presented.trust.public and lifetime > timedelta(days=settings.manual_days)
        verdict = replace(passed("ok", seen, **values), near_miss="manual" if manual else None)
    expected = f"{warn.total_seconds() / 86400:.0f} days or more"
    return replace(verdict, observed=f"until {values['date']}", expected=expected)


def legacy_refused(probes: tuple[VersionProbe, ...]) -> Verdict:
    """TLS 1.0 and 1.1 are refused."""
    old = [probe for probe in probes if probe.version in LEGACY]
    seen = tuple(
        Evidence(source=f"{probe.version} hello", record=f"{probe.outcome}: {probe.detail}")
        for probe in probes
    )
    accepted = [probe.version for probe in old if probe.outcome is Outcome.ACCEPTED]
    unclear = [probe.version for probe in old if probe.outcome is Outcome.INCONCLUSIVE]
    if accepted:
        verdict = failed("accepted", *seen, fix="disable", versions=" and ".join(accepted))
    elif unclear or len(old) < len(LEGACY):
        verdict = unknown(
            "inconclusive",
            *seen,
            reason=Reason.INCONCLUSIVE,
            versions=" and ".join(unclear or LEGACY),
        )
    elif all(probe.outcome is not Outcome.ACCEPTED for probe in probes):
        # Some servers refuse a name they do not know whatever is asked.
        verdict = unknown("nothing", *seen, reason=Reason.INCONCLUSIVE)
    else:
        verdict = passed("ok", *seen)
    observed = ", ".join(f"{probe.version} {probe.outcome}" for probe in old)
    return replace(verdict, observed=observed, expected="TLS 1.2 or 1.3 only")


def _evidence(presented: Presented) -> Evidence:
    return Evidence(
        source=f"certificate of {presented.host} at {presented.address}",
        record=describe(presented.leaf),
    )


def describe(leaf: Certificate) -> str:
    """A certificate on one line."""
    return (
        f"{leaf.subject}; issued by {leaf.issuer}; "
        f"{leaf.not_before:%Y-%m-%d} to {leaf.not_after:%Y-%m-%d}; "
        f"{leaf.key} {leaf.key_bits}; SHA-256 {leaf.sha256}"
    )
