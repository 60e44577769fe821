"""MTA-STS: whether senders are told to deliver encrypted, and whether what they are told is so."""

from collections.abc import Mapping
from dataclasses import replace

from posture.model import (
    Domain,
    Evidence,
    Moment,
    Status,
    Value,
    Verdict,
    check,
    failed,
    not_applicable,
    params,
    passed,
)

from . import sts, sts_advice
from .facts import Mx
from .transport_facts import Fetch, MtaSts, MtaStsPolicy


@params
class Lasting:
    """How long a policy must be kept to be of use."""

    max_age: int
    """Seconds."""


@check("email.mtasts.present")
def present(domain: Domain, record: MtaSts, mx: Mx, moment: Moment) -> Verdict:
    """The domain announces a policy for encrypted delivery."""
    if not record.asked:
        return not_applicable("no_mail", domain=domain.name)
    if record.records:
        verdict = passed("ok", *_records(record), domain=domain.name)
    else:
        values = _paste(domain, moment, sts_advice.first("testing", mx))
        verdict = failed("none", *_records(record), fix="publish", **values)
    return replace(verdict, observed=_count(record), expected="1 record at _mta-sts")


@check("email.mtasts.valid")
def valid(domain: Domain, record: MtaSts, policy: MtaStsPolicy, mx: Mx, moment: Moment) -> Verdict:
    """Senders who look for the announced policy find one that they can read."""
    if not record.records:
        return not_applicable("none", domain=domain.name)
    verdict = _record_fault(record) or _policy_fault(record, policy) or passed("ok")
    return replace(
        verdict,
        values={**_paste(domain, moment, sts_advice.first("testing", mx)), **verdict.values},
        evidence=(*_records(record), *_policy(policy)),
        observed=verdict.says if verdict.fix else "record and policy",
        expected="1 record, a policy served as text/plain with a trusted certificate",
    )


def _record_fault(record: MtaSts) -> Verdict | None:
    """Why no sender goes on to the policy (RFC 8461 §3.1)."""
    looked_at = [text for text in record.records if sts.is_record(text)]
    if len(looked_at) > 1:
        return failed("several", fix="keep_one", count=len(looked_at))
    try:
        sts.parse_record((looked_at or record.records)[0])
    except sts.ParseError as error:
        return failed("syntax", fix="record", why=str(error))
    return None


def _policy_fault(record: MtaSts, policy: MtaStsPolicy) -> Verdict | None:
    """Why a sender has no policy although it looked (RFC 8461 §3.2, §3.3)."""
    values = {"host": record.host, "url": policy.url, "detail": policy.detail}
    if policy.fetch is Fetch.NO_HOST:
        return failed("no_host", fix="host", **values)
    if policy.fetch is Fetch.CERTIFICATE:
        return failed("certificate", fix="certificate", **values)
    if policy.fetch is Fetch.STATUS:
        return failed("status", fix="serve", **values)
    if policy.media_type != "text/plain":
        return failed("media_type", fix="serve", kind=policy.media_type or "nothing", **values)
    try:
        sts.parse_policy(policy.text)
    except sts.ParseError as error:
        return failed("malformed", fix="file", why=str(error), **values)
    return None


@check("email.mtasts.covers")
def covers(domain: Domain, record: MtaSts, policy: MtaStsPolicy, mx: Mx, moment: Moment) -> Verdict:
    """The policy in force names every mail server of the domain."""
    found = _readable(record, policy)
    if found is None:
        return not_applicable("no_policy", domain=domain.name)
    if found.mode != "enforce":
        return not_applicable("not_enforced", *_policy(policy), mode=found.mode)
    missing = sts_advice.uncovered(found, mx)
    every = sts_advice.hosts(mx)
    if missing:
        values = _paste(domain, moment, sts_advice.completed(found, mx, "enforce"))
        says = "some" if len(missing) < len(every) else "all"
        named = {"hosts": ", ".join(missing), **values}
        verdict = failed(says, *_servers(mx), *_policy(policy), fix="add", **named)
        if says == "some":
            share = 1 - len(missing) / len(every)
            verdict = replace(verdict, status=Status.PARTIAL, share=share)
    else:
        verdict = passed("ok", *_servers(mx), *_policy(policy), count=len(every))
    observed = f"mx: {', '.join(found.patterns[:5])}"
    return replace(verdict, observed=observed, expected=", ".join(every[:5]))


@check("email.mtasts.enforced")
def enforced(
    domain: Domain, record: MtaSts, policy: MtaStsPolicy, mx: Mx, moment: Moment, params: Lasting
) -> Verdict:
    """The policy is in force, and kept long enough to withstand an attack."""
    found = _readable(record, policy)
    if found is None:
        return not_applicable("no_policy", domain=domain.name)
    restart = found.mode == "none"
    text = sts_advice.completed(found, mx, "testing" if restart else "enforce")
    values = {**_paste(domain, moment, text), "age": found.max_age, "least": params.max_age}
    if found.mode != "enforce":
        fix = "restart" if restart else "enforce"
        verdict = failed(found.mode, *_policy(policy), fix=fix, **values)
    elif found.max_age < params.max_age:
        verdict = failed("short", *_policy(policy), fix="lengthen", **values)
    else:
        verdict = passed("ok", *_policy(policy), age=found.max_age)
    observed = f"mode: {found.mode}, max_age: {found.max_age}"
    expected = f"mode: enforce, max_age: {params.max_age} or more"
    return replace(verdict, observed=observed, expected=expected)


def _readable(record: MtaSts, policy: MtaStsPolicy) -> sts.Policy | None:
    """The policy, if a sender comes to have one; what is in the way is another check's matter."""
    if not record.records or _record_fault(record) or _policy_fault(record, policy):
        return None
    return sts.parse_policy(policy.text)


def _paste(domain: Domain, moment: Moment, text: str) -> Mapping[str, Value]:
    """What a fix may print."""
    return {
        "domain": domain.name,
        "policy": text,
        "record": sts_advice.record(domain.name, moment.taken),
        "reports": sts_advice.reports(domain.name),
    }


def _count(record: MtaSts) -> str:
    return f"{len(record.records)} records" if record.records else "no record"


def _records(record: MtaSts) -> tuple[Evidence, ...]:
    source = f"TXT _mta-sts.{record.domain}"
    found = tuple(Evidence(source=source, record=text) for text in record.records)
    return found or (Evidence(source=source, record="no such record"),)


def _policy(policy: MtaStsPolicy) -> tuple[Evidence, ...]:
    source = f"GET {policy.url}"
    if policy.fetch is Fetch.NOT_ASKED:
        return ()
    if policy.fetch is not Fetch.FETCHED:
        return (Evidence(source=source, record=f"{policy.fetch}: {policy.detail}".rstrip(": ")),)
    text = policy.text.replace("\r\n", "\n")
    return (Evidence(source=source, record=f"{policy.media_type}\n{text}"),)


def _servers(mx: Mx) -> tuple[Evidence, ...]:
    servers = ", ".join(f"{host.preference} {host.host}." for host in mx.hosts[:10])
    return (Evidence(source=f"MX {mx.domain}", record=servers),)
