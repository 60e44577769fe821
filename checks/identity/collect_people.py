"""Sorts a tenant's accounts into classes that no policy can tell apart, while they stream by."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from posture.model import CollectError, Failed, Reason

from . import entra
from .collect_graph import Graph, NotFoundError
from .entra import Account, Assignment
from .facts import Directory, Group, Person, UserClass, UserKind, Users

DIRECTORY = "Directory.Read.All"
LISTED = 500
"""People named in the fact: administrators first, then the smallest classes."""
CLASSES = 5_000
WORDS = frozenset({"All", "None", "GuestsOrExternalUsers"})
TYPES = frozenset({"user", "group", "servicePrincipal"})
HIDDEN = "HiddenMembership"

Key = tuple[UserKind, tuple[str, ...], tuple[str, ...], tuple[str, ...], str, bool]


class People:
    """Collects the parts of ``Directory``. Raises ``CollectError`` and ``ParseError``."""

    def __init__(self, graph: Graph, break_glass: Sequence[str]) -> None:
        """``break_glass``: ids or user names of declared emergency accounts."""
        self._graph = graph
        self._declared = {name.casefold(): name for name in break_glass}
        self._enabled: dict[str, Account] = {}
        self._disabled = 0
        self._workloads: set[str] = set()
        self._roles: dict[str, set[str]] = defaultdict(set)
        self._scoped: dict[str, set[str]] = defaultdict(set)
        self._groups: dict[str, Group] = {}
        self._members: dict[str, frozenset[str]] = {}
        self._named: set[str] = set()

    def read_users(self) -> None:
        """Stream every account; only enabled ones are kept."""
        path = "/v1.0/users?$select=id,userPrincipalName,accountEnabled,userType&$top=999"
        for row in self._graph.pages(path, DIRECTORY):
            account = entra.account(row)
            if account.enabled:
                self._enabled[account.person.id] = account
            else:
                self._disabled += 1
        if not any(account.kind.member for account in self._enabled.values()):
            raise CollectError(Reason.INCONCLUSIVE, "users: a tenant without any enabled member")

    def read_roles(self) -> None:
        """Read who holds a directory role, through groups too."""
        path = "/v1.0/roleManagement/directory/roleAssignments?$expand=principal"
        found = [entra.assignment(row) for row in self._graph.pages(path, DIRECTORY)]
        if not found:
            raise CollectError(Reason.INCONCLUSIVE, "roleAssignments: nobody holds any role")
        through: dict[str, list[Assignment]] = defaultdict(list)
        for assignment in found:
            kind = self._type_of(assignment)
            if kind == "group":
                through[assignment.principal].append(assignment)
            elif kind == "servicePrincipal":
                self._workloads.add(assignment.principal)
            elif kind == "user":
                self._grant(assignment, [assignment.principal])
        for group_id, assignments in sorted(through.items()):
            self._read_group(group_id, tuple(sorted({a.role for a in assignments})))
            for assignment in assignments:
                self._grant(assignment, self._members[group_id])

    def read_named(self, users: Iterable[Users]) -> None:
        """Read the groups that policies name, and remember the people they name."""
        for condition in users:
            names = {*condition.include_users, *condition.exclude_users} - WORDS
            self._named |= names
            for group_id in (*condition.include_groups, *condition.exclude_groups):
                if group_id not in self._groups:
                    self._read_group(group_id, ())

    def directory(self) -> Directory:
        """Everything read, as one fact."""
        kinds = Counter(account.kind.member for account in self._enabled.values())
        return Directory(
            members=kinds[True],
            guests=kinds[False],
            disabled=self._disabled,
            workloads=len(self._workloads),
            classes=self._classes(),
            groups=tuple(group for _, group in sorted(self._groups.items())),
            named=tuple(sorted(self._named)),
            undeclared=self._undeclared(),
        )

    def _type_of(self, assignment: Assignment) -> str:
        """What a role was given to; empty when that no longer exists."""
        if assignment.principal in self._enabled:
            return "user"
        if assignment.principal_type in TYPES:
            return assignment.principal_type
        path = f"/v1.0/directoryObjects/{quote(assignment.principal, safe='')}"
        try:
            found = entra.entity(self._graph.get(path, DIRECTORY), "directoryObject")
        except NotFoundError:
            return ""
        kind = entra.object_type(found)
        if kind not in TYPES:
            raise CollectError(Reason.INCONCLUSIVE, f"a role is held by a {kind[:60] or 'riddle'}")
        return kind

    def _grant(self, assignment: Assignment, people: Iterable[str]) -> None:
        held = self._roles if assignment.tenant_wide else self._scoped
        for person in people:
            held[person].add(assignment.role)

    def _read_group(self, group_id: str, roles: tuple[str, ...]) -> None:
        """Read a group's users; what cannot be read is written down, not guessed."""
        name, members, failure = "", frozenset[str](), None
        try:
            name, members = self._group(f"/v1.0/groups/{quote(group_id, safe='')}")
        except NotFoundError:
            pass
        except CollectError as error:
            failure = error.failed
        except entra.ParseError as error:
            failure = Failed(reason=Reason.MALFORMED, detail=str(error))
        self._members[group_id] = members
        self._groups[group_id] = Group(
            id=group_id,
            name=name,
            members=None if failure else len(members),
            roles=roles,
            failure=failure,
        )

    def _group(self, path: str) -> tuple[str, frozenset[str]]:
        """A group's name and the enabled accounts in it."""
        found = self._graph.get(f"{path}?$select=id,displayName,visibility", DIRECTORY)
        group = entra.entity(found, "group")
        if group.get("visibility") == HIDDEN:
            raise CollectError(Reason.DENIED, f"{path}: hidden, Member.Read.Hidden is needed")
        rows = self._graph.pages(f"{path}/transitiveMembers?$select=id&$top=999", DIRECTORY)
        ids = (entra.text(entra.entity(row, "member"), "id") for row in rows)
        members = frozenset(person for person in ids if person in self._enabled)
        return entra.text(group, "displayName", default=""), members

    def _classes(self) -> tuple[UserClass, ...]:
        of_person: dict[str, list[str]] = defaultdict(list)
        for group_id in sorted(self._members):
            for person in self._members[group_id]:
                of_person[person].append(group_id)
        found: dict[Key, list[Person]] = defaultdict(list)
        for account in self._enabled.values():
            key = self._key(account, tuple(of_person.get(account.person.id, ())))
            if account.kind.member or key[2] or key[3]:
                found[key].append(account.person)
        if len(found) > CLASSES:
            raise CollectError(Reason.TOO_LARGE, f"users: more than {CLASSES} kinds of people")
        return _listed(found)

    def _key(self, account: Account, groups: tuple[str, ...]) -> Key:
        person = account.person
        return (
            account.kind,
            groups,
            tuple(sorted(self._roles.get(person.id, ()))),
            tuple(sorted(self._scoped.get(person.id, ()))),
            person.id if person.id in self._named else "",
            not self._declared.keys().isdisjoint(_names(person)),
        )

    def _undeclared(self) -> tuple[str, ...]:
        known = {name for account in self._enabled.values() for name in _names(account.person)}
        return tuple(sorted(real for name, real in self._declared.items() if name not in known))


def _names(person: Person) -> set[str]:
    return {person.id.casefold(), person.name.casefold()}


def _listed(found: dict[Key, list[Person]]) -> tuple[UserClass, ...]:
    """Make the classes, naming people as far as ``LISTED`` goes."""
    made: list[UserClass] = []
    left = LISTED
    for key, people in sorted(found.items(), key=_speciality):
        kind, groups, roles, scoped, named, break_glass = key
        shown = sorted(people, key=lambda person: person.id)[:left]
        left -= len(shown)
        made.append(
            UserClass(
                kind=kind,
                count=len(people),
                groups=groups,
                roles=roles,
                scoped_roles=scoped,
                named=named,
                break_glass=break_glass,
                people=tuple(shown),
            )
        )
    return tuple(made)


def _speciality(entry: tuple[Key, list[Person]]) -> tuple[bool, int, Key]:
    """Whoever holds a role is named first, then small classes, ordinary people last."""
    key, people = entry
    return not (key[2] or key[3]), len(people), key
