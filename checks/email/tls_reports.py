"""Reads SMTP TLS reports (RFC 8460 §4). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from .names import is_host_name, normal
from .report_file import ParseError

SIZE = 2 << 20
"""Bytes of one report; the JSON is read as a whole."""
POLICIES = 1000
KINDS = 100


class _Summary(msgspec.Struct, rename="kebab"):
    total_successful_session_count: int = 0
    total_failure_session_count: int = 0


class _Failure(msgspec.Struct, rename="kebab"):
    result_type: str = ""
    failed_session_count: int = 0


class _About(msgspec.Struct, rename="kebab"):
    policy_domain: str


class _Policy(msgspec.Struct, rename="kebab"):
    policy: _About
    summary: _Summary = msgspec.field(default_factory=_Summary)
    failure_details: list[_Failure] = msgspec.field(default_factory=list)


class _Report(msgspec.Struct, rename="kebab"):
    policies: list[_Policy]
    organization_name: str = ""
    report_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """How connections to one domain's mail servers went."""

    domain: str
    succeeded: int
    failed: tuple[tuple[str, int], ...]
    """Result types (RFC 8460 §4.3) and sessions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsReport:
    """One report."""

    organization: str
    report_id: str
    domains: tuple[Sessions, ...]


def parse(chunks: Iterable[bytes]) -> TlsReport:
    """Read a report; raises ParseError."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > SIZE:
            raise ParseError(f"a JSON report of more than {SIZE >> 20} MiB")
    try:
        found = msgspec.json.decode(data, type=_Report)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ParseError("not a TLS report") from error
    return TlsReport(
        organization=found.organization_name[:200],
        report_id=found.report_id[:200],
        domains=tuple(_sessions(one) for one in found.policies[:POLICIES]),
    )


def _sessions(found: _Policy) -> Sessions:
    domain = normal(found.policy.policy_domain)
    named = [(one.result_type[:60], one.failed_session_count) for one in found.failure_details]
    counted = [(kind, _count(sessions)) for kind, sessions in named[:KINDS]]
    total = _count(found.summary.total_failure_session_count)
    rest = total - sum(sessions for _, sessions in counted)
    return Sessions(
        domain=domain if is_host_name(domain) else "",
        succeeded=_count(found.summary.total_successful_session_count),
        failed=(*counted, ("unspecified", rest)) if rest > 0 else tuple(counted),
    )


def _count(number: int) -> int:
    return max(0, min(number, 10**12))
