"""Judges whether people have set up the second factor they may be asked for."""

from dataclasses import replace

from posture.model import (
    Evidence,
    Status,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
)

from . import records
from .facts import Registration


@check("identity.mfa.registered")
def registered(registration: Registration) -> Verdict:
    """Everyone has a second factor set up, so nobody else can set up one in their name."""
    if not registration.licensed:
        return not_applicable("unlicensed")
    total = registration.capable + registration.incapable
    record = f"isMfaCapable: {registration.capable} of {total}"
    evidence = (
        Evidence(
            source="GET /reports/authenticationMethods/userRegistrationDetails", record=record
        ),
        *records.named("without a second factor", registration.people),
    )
    if not registration.incapable:
        verdict = passed("all", *evidence, total=total)
    else:
        missing = registration.incapable
        verdict = failed("missing", *evidence, fix="campaign", missing=missing, total=total)
        if registration.capable:
            share = registration.capable * 10_000 // total / 10_000
            verdict = replace(verdict, status=Status.PARTIAL, share=share)
    return replace(verdict, observed=record, expected="isMfaCapable for every enabled member")
