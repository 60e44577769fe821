"""``posture probe spf``: what a receiver makes of one message, step by step."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from posture.model import Domain, Probe, Probed
from posture.net import Net

from . import macros
from .check_host import Check, Checked, Evaluation, Result, Step, evaluate
from .collect_dmarc_probe import name
from .collect_spf import ask


async def look(subject: Domain, net: Net, options: Mapping[str, str]) -> Probed:
    """Run ``check_host()`` for a client; raises ValueError without an address."""
    if "ip" not in options:
        raise ValueError("--ip is missing: the address of the server that sends the message")
    helo = options.get("helo", subject.name)
    sender = options.get("mail-from", f"postmaster@{subject.name}")
    try:
        about = macros.message(options["ip"], sender, helo)
    except ValueError as error:
        raise ValueError(f"--ip {options['ip'][:80]!r} is not an IP address") from error
    found = await _answered(evaluate(about, domain=subject.name), net)
    return Probed(document=_document(subject, about, found), lines=_lines(about, found))


async def _answered(running: Evaluation, net: Net) -> Checked:
    try:
        question = next(running)
        while True:
            question = running.send(await ask(net, question))
    except StopIteration as done:
        found: Checked = done.value
        return found


def _document(subject: Domain, about: macros.Message, found: Checked) -> dict[str, Any]:
    return {
        "domain": subject.name,
        "ip": str(about.address),
        "mail_from": about.sender,
        "helo": about.helo,
        "result": found.result.value,
        "explanation": found.explanation,
        "problem": found.problem,
        "lookups": found.lookups,
        "void_lookups": found.void_lookups,
        "trace": _tree(found.trace),
    }


def _tree(check: Check) -> dict[str, Any]:
    return {
        "domain": check.domain,
        "record": check.record,
        "result": check.result.value,
        "asked": [asdict(question) for question in check.asked],
        "steps": [_branch(step) for step in check.steps],
    }


def _branch(step: Step) -> dict[str, Any]:
    return {
        "term": step.term,
        "target": step.target,
        "outcome": step.outcome,
        "costs": step.costs,
        "void": step.void,
        "asked": [asdict(question) for question in step.asked],
        "check": _tree(step.check) if step.check else None,
    }


def _lines(about: macros.Message, found: Checked) -> tuple[str, ...]:
    head = f"{found.result.value}: {about.address} as {about.sender}, HELO {about.helo}"
    count = f"{found.lookups} lookups of 10, {found.void_lookups} empty of 2"
    said = [f"the domain's explanation: {found.explanation}"] if found.explanation else []
    wrong = [f"problem: {found.problem}"] if found.problem else []
    return (head, *wrong, *said, count, *_outline(found.trace, 0))


def _outline(check: Check, depth: int) -> Iterator[str]:
    indent = "  " * depth
    missing = "no SPF record" if check.result is Result.NONE else check.result.value
    yield f"{indent}{check.domain}: {check.record or missing}"
    for step in check.steps:
        void = ", empty answer" if step.void else ""
        yield f"{indent}  {step.term}: {step.outcome}{void}"
        if step.check:
            yield from _outline(step.check, depth + 2)


PROBE = Probe(
    name="spf",
    help="What SPF says of a message from one address, with every step on the way.",
    subject=name,
    look=look,
    options={
        "ip": "Address of the server that sends the message.",
        "mail-from": "Sender of the envelope; postmaster of the domain if not given.",
        "helo": "Name that the server gives itself; the domain if not given.",
    },
)
