"""How many people need a second factor at every sign-in, and who does not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from posture.model import Failed, Reason

from .conditional_access import Answer, controls, demanded, excluded, included
from .facts import ConditionalAccess, Directory, Person, PerUserMfa, Policy, UserClass, UserKind
from .sign_in import DIMENSIONS, Outcome, SignIn, outcome, weights

ANYBODY = UserClass(
    kind=UserKind.MEMBER,
    count=1,
    groups=(),
    roles=(),
    scoped_roles=(),
    named="",
    break_glass=False,
    people=(),
)
"""Somebody about whom no policy says anything particular."""


class SignIns:
    """The outcomes of one tenant's policies; equal questions are worked out once."""

    def __init__(self, access: ConditionalAccess | Failed, directory: Directory) -> None:
        self._access = access
        self._directory = directory
        self._known: dict[tuple[Answer, ...], Outcome] = {}

    def outcome(self, who: UserClass) -> Outcome:
        """What Conditional Access alone does to these people; MAYBE when it could not be read."""
        if isinstance(self._access, Failed):
            return Outcome(Answer.MAYBE)
        weighed = weights(self._access.policies, who, self._directory)
        if weighed not in self._known:
            self._known[weighed] = outcome(self._access.policies, weighed)
        return self._known[weighed]

    def uncovered(self) -> list[UserClass]:
        """People whom Conditional Access does not surely cover, administrators first."""
        found = [
            who
            for who in self._directory.classes
            if self.outcome(who).second_factor is not Answer.YES
        ]
        return sorted(found, key=lambda who: not who.administrator)


@dataclass(frozen=True, slots=True)
class Gap:
    """People who can sign in with a password only."""

    who: UserClass
    people: tuple[Person, ...]
    sign_in: SignIn
    """The sign-in for which that is proven; empty when it is every one."""


@dataclass(slots=True)
class Tally:
    """The people judged, each counted once."""

    covered: int = 0
    open: int = 0
    unclear: int = 0
    gaps: list[Gap] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Everybody."""
        return self.covered + self.open + self.unclear

    @property
    def share(self) -> float:
        """The part that is proven to be covered, 0 to 1, rounded down."""
        return self.covered * 10_000 // self.total / 10_000


def tally(sign_ins: SignIns, per_user: PerUserMfa | Failed, wanted: Iterable[UserClass]) -> Tally:
    """Count everybody in ``wanted``: covered by a policy, else by their own switch, else not."""
    counted = Tally()
    for who in wanted:
        found = sign_ins.outcome(who)
        if found.second_factor is Answer.YES:
            counted.covered += who.count
            continue
        on = [p for p in who.people if _switch(per_user, p) is Answer.YES]
        off = [p for p in who.people if _switch(per_user, p) is Answer.NO]
        if found.second_factor is Answer.MAYBE:
            off = []
        counted.covered += len(on)
        counted.open += len(off)
        counted.unclear += who.count - len(on) - len(off)
        if off:
            counted.gaps.append(Gap(who, tuple(off), found.sign_in))
    return counted


def _switch(per_user: PerUserMfa | Failed, person: Person) -> Answer:
    """Per-user MFA of one person."""
    if isinstance(per_user, Failed):
        return Answer.MAYBE
    if person.id in per_user.on:
        return Answer.YES
    return Answer.NO if person.id in per_user.off else Answer.MAYBE


@dataclass(frozen=True, slots=True)
class NearMiss:
    """The policy that almost caught a sign-in, and what keeps it from doing so."""

    policy: str
    because: str
    """``reporting``, ``alternative``, ``exempt``, ``others`` or a dimension of a sign-in."""
    others: int
    """How many more things keep it from doing so."""


def near_miss(policies: Sequence[Policy], gap: Gap, directory: Directory) -> NearMiss | None:
    """The policy that lacks least; None when no policy asks anybody for a second factor."""
    found = [
        (len(lacking), policy.name or policy.id, lacking[0])
        for policy in policies
        if _asks(policy) and (lacking := _lacking(policy, gap, directory))
    ]
    if not found:
        return None
    count, name, because = min(found)
    return NearMiss(name, because, count - 1)


def _asks(policy: Policy) -> bool:
    """A second factor is at least among the things it would accept."""
    grant = policy.grant
    return bool(
        policy.state != "disabled"
        and grant
        and "block" not in grant.built_in
        and max(controls(grant), default=Answer.NO) is Answer.YES
    )


def _lacking(policy: Policy, gap: Gap, directory: Directory) -> list[str]:
    users, sign_in = policy.conditions.users, dict(gap.sign_in)
    faults = {
        "reporting": policy.state != "enabled",
        "alternative": demanded(policy.grant) is not Answer.YES,
        "exempt": excluded(users, gap.who, directory) is not Answer.NO,
        "others": included(users, gap.who, directory) is not Answer.YES,
    }
    for name, dimension in DIMENSIONS.items():
        value = sign_in.get(name)
        faults[name] = dimension.narrows(policy) and (
            value is None or dimension.match(policy.conditions, value) is not Answer.YES
        )
    return [name for name, fault in faults.items() if fault]


def reason(*facts: object) -> Reason:
    """Why something stayed unclear: the first thing that could not be read."""
    return next((f.reason for f in facts if isinstance(f, Failed)), Reason.INCONCLUSIVE)


def in_words(sign_in: SignIn) -> str:
    """A sign-in as short tokens: ``platform=other, location=AllTrusted``."""
    return ", ".join(f"{name}={value[:80]}" for name, value in sign_in) or "any sign-in"
