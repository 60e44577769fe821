"""The Graph stand-in says nothing that Microsoft's published v1.0 schema does not know."""

import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from posture.demo.graph import ENDPOINTS, GraphStandIn, policy
from tests.checks.identity.offices import GOOD
from tests.checks.identity.test_mfa import FALSE_PASSES

PACKAGE = "@microsoft/microsoft-graph-types@2"
ROWS = {
    "licence": "SubscribedSku",
    "defaults": "IdentitySecurityDefaultsEnforcementPolicy",
    "policies": "ConditionalAccessPolicy",
    "users": "User",
    "roles": "UnifiedRoleAssignment",
    "group": "Group",
    "members": "DirectoryObject",
    "object": "DirectoryObject",
    "registration": "UserRegistrationDetails",
}
BETA = {"per-user": {"perUserMfaState"}}
"""``strongAuthenticationRequirements`` exists in beta only."""
NOT_GRAPH = {"token"}

Schema = Mapping[str, tuple[str, Mapping[str, str]]]
"""Interface to its base and the type of each property."""

INTERFACE = re.compile(
    r"^export interface (\w+)(?: extends (\w+))? \{$(.*?)^\}$", re.MULTILINE | re.DOTALL
)
PROPERTY = re.compile(r"^    \"?([\w@.]+)\"?\??: (.+);$", re.MULTILINE)


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: Microsoft's type definitions cannot be fetched")
    folder = tmp_path_factory.mktemp("graph-types")
    done = subprocess.run(
        [npm, "pack", "--silent", "--ignore-scripts", PACKAGE],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        pytest.skip(f"npm pack {PACKAGE} failed: {done.stderr.decode()[-200:]}")
    return read(archives[0])


def read(archive: Path) -> Schema:
    with tarfile.open(archive) as tar:
        member = tar.extractfile("package/microsoft-graph.d.ts")
        assert member is not None
        text = member.read().decode("utf-8").replace("\r\n", "\n")
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    return {m[1]: (m[2] or "", dict(PROPERTY.findall(m[3]))) for m in INTERFACE.finditer(text)}


def properties(schema: Schema, interface: str) -> Mapping[str, str]:
    """All properties of an interface, those of its bases too."""
    base, own = schema[interface]
    return {**(properties(schema, base) if base else {}), **own}


def strangers(schema: Schema, interface: str, value: Any, where: str) -> Iterator[str]:
    """Every property of ``value`` that its type does not have, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from strangers(schema, interface, item, where)
    if not isinstance(value, dict):
        return
    kind = value.get("@odata.type", "").rpartition(".")[2]
    if kind:
        interface = kind[0].upper() + kind[1:]
    if interface not in schema:
        yield f"{where} is a {interface!r}"
        return
    known = properties(schema, interface)
    for name, inner in value.items():
        if name == "@odata.type":
            continue
        if name not in known:
            yield f"{where}.{name}"
            continue
        words = re.findall(r"\w+", known[name].replace("NullableOption", ""))
        yield from strangers(schema, words[0] if words else "", inner, f"{where}.{name}")


def test_the_definitions_were_understood(schema: Schema) -> None:
    assert len(schema) > 1000
    assert {"id", "displayName", "conditions"} <= set(properties(schema, "ConditionalAccessPolicy"))
    wrong = {"conditions": {"platforms": {"includePlatform": ["iOS"]}}}
    found = list(strangers(schema, "ConditionalAccessPolicy", wrong, "policy"))
    assert found == ["policy.conditions.platforms.includePlatform"]


def test_every_endpoint_is_looked_at() -> None:
    assert {*ROWS, *BETA, *NOT_GRAPH} == set(ENDPOINTS)


@pytest.mark.parametrize("endpoint", ROWS)
def test_only_published_properties_are_sent(schema: Schema, endpoint: str) -> None:
    rows = list(answers(endpoint))
    assert rows
    assert [s for row in rows for s in strangers(schema, ROWS[endpoint], row, endpoint)] == []


def test_the_one_beta_answer_is_known_as_such(schema: Schema) -> None:
    assert [set(row) for row in answers("per-user")] == [BETA["per-user"]]
    assert "perUserMfaState" not in properties(schema, "User")


def answers(endpoint: str) -> Iterator[Any]:
    """Every row or object the stand-in gives at an endpoint, of a tenant with everything in it."""
    odd = [rule for rule, _, _ in FALSE_PASSES.values()]
    model = replace(GOOD, policies=(*GOOD.policies, *odd, policy("S", strength="s")))
    with GraphStandIn(model) as stand_in:
        found = stand_in._found(endpoint, _subject(endpoint), "", "http://127.0.0.1")
    yield from found["value"] if isinstance(found.get("value"), list) else [found]


def _subject(endpoint: str) -> str:
    in_group = endpoint in {"group", "members"}
    return GOOD.groups[0].id if in_group else GOOD.users[0].id
