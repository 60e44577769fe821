"""The function ``check_host()`` of RFC 7208 §4: what a receiver makes of one message.

Pure: an evaluation is a generator that yields questions and is sent replies, so the same code runs
over a zone in memory and over a resolver. It leaves a tree of what was tested; every count that is
reported is a fold over that tree.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address, ip_network

from posture.model import Failed, Reason

from . import macros, spf
from .names import is_askable, is_within, normal
from .spf_tree import Question, mx_hosts

Reply = tuple[str, ...] | Failed
"""Records, none when proven absent, or why there is no answer."""
Lookup = Callable[[str, str], Reply]
"""Answers a question: name and record type."""


class Result(StrEnum):
    """What ``check_host()`` returns (§2.6)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - RFC 7208's word
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_QUALIFIED = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one evaluation may cost (§4.6.4)."""

    lookups: int = 10
    """Terms that ask the DNS."""
    voids: int = 2
    """Terms whose answer is empty."""
    hosts: int = 10
    """Servers of one ``mx``, more are an error; names of one client, more are ignored."""


RFC_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and how many records answered it."""

    name: str
    rdtype: str
    records: int
    reason: Reason | None = None
    """Why there was no answer."""


@dataclass(slots=True, kw_only=True)
class Step:
    """One mechanism that was tested, or the redirect that was followed."""

    term: str
    name: str
    """Lower case: ``include``, ``ip4``, ``redirect``."""
    target: str = ""
    """The name it asked for, macros expanded."""
    outcome: str = "no match"
    """``match``, ``no match``, or the error that ended the evaluation here."""
    asked: list[Asked] = field(default_factory=list)
    void: bool = False
    """Its answer was empty."""
    check: "Check | None" = None
    """The evaluation of the record that it refers to."""

    @property
    def costs(self) -> bool:
        """Whether it is one of the terms that are counted (§4.6.4)."""
        return self.name in spf.LOOKUPS


@dataclass(slots=True, kw_only=True)
class Check:
    """The evaluation of one domain's record."""

    domain: str
    record: str = ""
    result: Result = Result.NONE
    asked: list[Asked] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def walk(self) -> Iterator[Step]:
        """Yield every step of the tree, in the order of evaluation."""
        for step in self.steps:
            yield step
            if step.check:
                yield from step.check.walk()

    @property
    def deciding(self) -> "Check":
        """The record whose result this is: a redirect hands over (§6.1)."""
        last = self.steps[-1] if self.steps else None
        return last.check.deciding if last and last.name == "redirect" and last.check else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The answer of ``check_host()`` and how it came about."""

    result: Result
    explanation: str
    """Of the domain's owner, for a fail; empty when there is none."""
    problem: str
    """In an error, what went wrong."""
    trace: Check

    @property
    def lookups(self) -> int:
        """Terms that asked the DNS, up to the one that was too many."""
        return sum(step.costs for step in self.trace.walk())

    @property
    def void_lookups(self) -> int:
        """Terms with an empty answer."""
        return sum(step.void for step in self.trace.walk())


Evaluation = Generator[Question, Reply, Checked]


def check_host(
    ip: str, mail_from: str, helo: str, lookup: Lookup, limits: Limits = RFC_LIMITS
) -> Checked:
    """Check a message against what ``lookup`` knows; raises ValueError if ``ip`` is no address."""
    return answered(evaluate(macros.message(ip, mail_from, helo), limits), lookup)


def answered(running: Evaluation, lookup: Lookup) -> Checked:
    """Run an evaluation to its end."""
    try:
        question = next(running)
        while True:
            question = running.send(lookup(*question))
    except StopIteration as done:
        found: Checked = done.value
        return found


def evaluate(about: macros.Message, limits: Limits = RFC_LIMITS, *, domain: str = "") -> Evaluation:
    """Check a message; whoever runs this answers its questions.

    ``domain`` is the domain whose record is checked, if that is not the sender's (§4.1).
    """
    walk, trace = _Walk(about, limits), Check(domain=normal(domain or about.domain))
    problem, explanation = "", ""
    try:
        yield from walk.check(trace)
    except _Ended as ended:
        problem = ended.problem
    if trace.result is Result.FAIL:
        explanation = yield from walk.explain(trace.deciding)
    return Checked(result=trace.result, explanation=explanation, problem=problem, trace=trace)


class _Ended(Exception):  # noqa: N818 - it ends an evaluation, as §2.6.6 and §2.6.7 say
    def __init__(self, result: Result, problem: str) -> None:
        super().__init__(problem)
        self.result = result
        self.problem = problem


_parse = lru_cache(maxsize=512)(spf.parse)
_network = lru_cache(maxsize=4096)(lambda text: ip_network(text, strict=False))
Asking = Generator[Question, Reply, Reply]
Testing = Generator[Question, Reply, bool]


@dataclass(slots=True)
class _Walk:
    about: macros.Message
    limits: Limits
    lookups: int = 0
    voids: int = 0

    def check(self, node: Check) -> Generator[Question, Reply, None]:
        """Evaluate the record of ``node.domain`` (§4.3 to §4.7)."""
        try:
            record = yield from self.record(node)
            if record:
                yield from self.terms(node, record)
        except _Ended as ended:
            node.result = ended.result
            raise

    def record(self, node: Check) -> Generator[Question, Reply, spf.Record | None]:
        """Select the record of a domain (§4.3 to §4.6); None leaves the result at ``none``."""
        if not _is_checkable(node.domain):
            return None
        texts = yield from self.ask(node.domain, "TXT", node.asked)
        found = [text for text in _seen(texts, node.domain) if spf.is_spf(text)]
        if not found:
            return None
        if len(found) > 1:
            raise _permanent(f"{node.domain} has {len(found)} SPF records")
        node.record = found[0]
        try:
            return _parse(node.record)
        except spf.ParseError as error:
            raise _permanent(f"{error.term}: {error.fault.value}") from error

    def terms(self, node: Check, record: spf.Record) -> Generator[Question, Reply, None]:
        for mechanism in record.mechanisms:
            step = Step(term=mechanism.text, name=mechanism.name)
            node.steps.append(step)
            try:
                matches = yield from self.matches(node.domain, mechanism, step)
            except _Ended as ended:
                step.outcome = ended.result.value
                raise
            if matches:
                step.outcome = "match"
                node.result = _QUALIFIED[mechanism.qualifier]
                return
        node.result = Result.NEUTRAL
        if record.redirect:
            yield from self.redirect(node, record.redirect)

    def redirect(self, node: Check, term: spf.Modifier) -> Generator[Question, Reply, None]:
        step = Step(term=term.text, name=term.name)
        node.steps.append(step)
        try:
            node.result = yield from self.refer(node.domain, term, step)
            if node.result is Result.NONE:
                raise _permanent(f"{term.text}: {step.target} has no SPF record")
        except _Ended as ended:
            step.outcome = ended.result.value
            raise
        step.outcome = node.result.value

    def matches(self, domain: str, mechanism: spf.Mechanism, step: Step) -> Testing:
        if mechanism.name == "all":
            return True
        if mechanism.network:
            return self.about.address in mechanism.network
        if mechanism.name == "include":
            return (yield from self.include(domain, mechanism, step))
        yield from self.point(domain, mechanism, step)
        return (yield from _TESTS[mechanism.name](self, mechanism, step))

    def include(self, domain: str, mechanism: spf.Mechanism, step: Step) -> Testing:
        """Match if the other record passes; without one it is an error (§5.2)."""
        result = yield from self.refer(domain, mechanism, step)
        if result is Result.NONE:
            raise _permanent(f"{mechanism.text}: {step.target} has no SPF record")
        return result is Result.PASS

    def refer(self, domain: str, term: spf.Term, step: Step) -> Generator[Question, Reply, Result]:
        yield from self.point(domain, term, step)
        step.check = Check(domain=step.target)
        try:
            yield from self.check(step.check)
        finally:
            step.void = any(not seen.records and not seen.reason for seen in step.check.asked)
        if step.void:
            self.count_void()
        return step.check.result

    def point(self, domain: str, term: spf.Term, step: Step) -> Generator[Question, Reply, None]:
        """Charge for a term and find the name it stands for (§4.6.4, §4.8)."""
        self.lookups += 1
        if self.lookups > self.limits.lookups:
            raise _permanent(f"more than {self.limits.lookups} lookups")
        step.target = domain
        if term.domain:
            text = yield from self.expand(term.domain, domain, step.asked)
            step.target = normal(macros.query_name(text))

    def a(self, mechanism: spf.Mechanism, step: Step) -> Testing:
        reply = yield from self.ask_term(step, self.family)
        return self.is_among(_seen(reply, step.target), mechanism)

    def mx(self, mechanism: spf.Mechanism, step: Step) -> Testing:
        reply = yield from self.ask_term(step, "MX")
        records = _seen(reply, step.target)
        if len(records) > self.limits.hosts:
            raise _permanent(f"{mechanism.text}: {step.target} has {len(records)} MX records")
        for host in mx_hosts(records):
            found = yield from self.ask(host, self.family, step.asked)
            if self.is_among(_seen(found, host), mechanism):
                return True
        return False

    def exists(self, _: spf.Mechanism, step: Step) -> Testing:
        """Ask for A whatever the client is (§5.7)."""
        reply = yield from self.ask_term(step, "A")
        return bool(_seen(reply, step.target))

    def ptr(self, _: spf.Mechanism, step: Step) -> Testing:
        names = yield from self.validated(step.asked)
        first = step.asked[0] if step.asked else None
        # The target itself is never asked for: the client's own name is.
        step.void = bool(first and not first.records and not first.reason)
        if step.void:
            self.count_void()
        return any(is_within(name, step.target) for name in names)

    def validated(self, asked: list[Asked]) -> Generator[Question, Reply, tuple[str, ...]]:
        """Find the client's names that lead back to it; errors are passed over (§5.5)."""
        found = yield from self.ask(self.about.address.reverse_pointer, "PTR", asked)
        names = () if isinstance(found, Failed) else tuple(normal(name) for name in found)
        proven = []
        for name in names[: self.limits.hosts]:
            if is_askable(name):
                there = yield from self.ask(name, self.family, asked)
                if not isinstance(there, Failed) and self.about.address in map(ip_address, there):
                    proven.append(name)
        return tuple(proven)

    def expand(self, text: str, domain: str, asked: list[Asked]) -> Generator[Question, Reply, str]:
        names: tuple[str, ...] = ()
        if macros.needs_validated_name(text):
            names = yield from self.validated(asked)
        chosen = macros.validated_name(names, domain)
        return macros.expand(text, self.about, domain, chosen)

    def explain(self, node: Check) -> Generator[Question, Reply, str]:
        """Fetch the owner's explanation; whatever is wrong with it, there is none (§6.2)."""
        modifier = _parse(node.record).explanation
        if not modifier:
            return ""
        text = yield from self.expand(modifier.domain, node.domain, [])
        name = normal(macros.query_name(text))
        found = yield from self.ask(name, "TXT", [])
        if isinstance(found, Failed) or len(found) != 1 or not spf.is_explanation(found[0]):
            return ""
        return (yield from self.expand(found[0], node.domain, []))

    @property
    def family(self) -> str:
        """The record type of addresses like the client's."""
        return "A" if self.about.address.version == 4 else "AAAA"

    def is_among(self, addresses: tuple[str, ...], mechanism: spf.Mechanism) -> bool:
        prefix = mechanism.prefix4 if self.about.address.version == 4 else mechanism.prefix6
        return any(self.about.address in _network(f"{text}/{prefix}") for text in addresses)

    def ask_term(self, step: Step, rdtype: str) -> Asking:
        """Ask for what the term itself names: an empty answer is counted."""
        reply = yield from self.ask(step.target, rdtype, step.asked)
        step.void = reply == () and is_askable(step.target)
        if step.void:
            self.count_void()
        return reply

    def ask(self, name: str, rdtype: str, asked: list[Asked]) -> Asking:
        """Ask a question; a name that cannot be asked for has no records."""
        if not is_askable(name):
            return ()
        reply: Reply = yield (name, rdtype)
        reason = reply.reason if isinstance(reply, Failed) else None
        asked.append(Asked(name, rdtype, 0 if isinstance(reply, Failed) else len(reply), reason))
        return reply

    def count_void(self) -> None:
        self.voids += 1
        if self.voids > self.limits.voids:
            raise _permanent(f"more than {self.limits.voids} lookups with an empty answer")


_TESTS = {"a": _Walk.a, "mx": _Walk.mx, "exists": _Walk.exists, "ptr": _Walk.ptr}


def _permanent(problem: str) -> _Ended:
    return _Ended(Result.PERMERROR, problem)


def _seen(reply: Reply, name: str) -> tuple[str, ...]:
    """Return the records; no answer is a temporary error (§2.6.6)."""
    if isinstance(reply, Failed):
        raise _Ended(Result.TEMPERROR, f"{name}: {reply.reason.value}")
    return reply


def _is_checkable(domain: str) -> bool:
    """Whether a domain is a name of several labels, not an address (§4.3)."""
    return is_askable(domain) and "." in domain and not domain.startswith("[")
