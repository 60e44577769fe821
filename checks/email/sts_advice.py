"""MTA-STS records and policy files to paste."""

from datetime import datetime

from .facts import Mx
from .sts import MAX_AGE, Policy

FIRST_AGE = 604_800
"""A week: long enough to protect, short enough to change one's mind while testing."""
INDENT = "\n    "


def hosts(mx: Mx) -> tuple[str, ...]:
    """The mail servers that a policy must name, each once."""
    return tuple(dict.fromkeys(seen.host for seen in mx.hosts if seen.host))


def uncovered(policy: Policy, mx: Mx) -> tuple[str, ...]:
    """The mail servers that a policy does not name."""
    return tuple(host for host in hosts(mx) if not policy.names(host))


def first(mode: str, mx: Mx) -> str:
    """Write a policy that names every mail server; lines are indented to stand in a text."""
    return _file(mode, hosts(mx), FIRST_AGE)


def completed(policy: Policy, mx: Mx, mode: str) -> str:
    """Rewrite a policy: every mail server named, kept for a week at least."""
    age = min(max(policy.max_age, FIRST_AGE), MAX_AGE)
    return _file(mode, (*policy.patterns, *uncovered(policy, mx)), age)


def record(domain: str, taken: datetime) -> str:
    """Write the record with a new id, by which senders see that the policy has changed."""
    return f'_mta-sts.{domain}. TXT "v=STSv1; id={taken:%Y%m%d%H%M%S}"'


def reports(domain: str) -> str:
    """Write the record by which senders report failures, so that a mistake is noticed."""
    return f'_smtp._tls.{domain}. TXT "v=TLSRPTv1; rua=mailto:tls-reports@{domain}"'


def _file(mode: str, patterns: tuple[str, ...], age: int) -> str:
    lines = ("version: STSv1", f"mode: {mode}", *(f"mx: {name}" for name in patterns))
    return INDENT.join((*lines, f"max_age: {age}"))
