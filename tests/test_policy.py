"""A policy is complete, or every mistake in it is told where it was written."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import plugins, policy_file
from posture.model import Area, Company, Severity, Verdict, View, check, params, passed
from posture.plugins import Registry
from posture.policy import Caps, Cost, Where, load_policy
from posture.tomlfile import ConfigErrors

Write = Callable[..., Path]


@params
class Enforced:
    minimum: Literal["quarantine", "reject"]
    days: float

    def __post_init__(self) -> None:
        if self.days < 0:
            raise ValueError("days run forward")


@check("toy.dmarc.enforced")
def enforced(company: Company, settings: Enforced) -> Verdict:
    """Forged mail is refused."""
    return passed("ok", client=company.name, minimum=settings.minimum)


@check("toy.caa.present")
def present(company: Company) -> Verdict:
    """Issuers are limited."""
    return passed("ok", client=company.name)


TOY = Area(name="toy", title="Toy", package="tests", checks=(enforced, present))

BASE = """
id = "base"
version = "1"
title = "Base"
default_profile = "full"
[area_weights]
email = 60
dns = 40
[severity_weights]
critical = 10
high = 6
medium = 3
low = 1
info = 0
[bands]
A = 90
B = 75
C = 60
D = 40
[caps]
critical_f = 3
critical_d = 1
area_c = 40
high_b = 1
[profiles]
external = ["outside"]
full = ["outside", "lan", "provider", "attested"]
[rules."toy.dmarc.enforced"]
severity = "high"
score_area = "email"
where = ["outside"]
effort_minutes = 20
cost = "none"
params = { minimum = "quarantine", days = 30 }
maps = { cis = ["9.5"], csf = ["PR.AA-04"] }
[rules."toy.caa.present"]
severity = { internal = "low", external = "critical" }
score_area = "dns"
where = ["lan"]
weight = 2.5
effort_minutes = 15
cost = "low"
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return plugins.build([(TOY, "toy 1")])


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(text: str, name: str = "base.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return put


def errors(path: Path, registry: Registry) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load_policy(str(path), registry)
    return [str(error).removeprefix(f"{path.parent}/") for error in caught.value.errors]


def test_a_whole_policy(write: Write, registry: Registry) -> None:
    made = load_policy(str(write(BASE)), registry)
    assert (made.id, made.version, made.title) == ("base", "1", "Base")
    assert made.area_weights == {"email": 60.0, "dns": 40.0}
    assert made.severity_weights[Severity.HIGH] == 6.0
    assert made.bands == {"A": 90.0, "B": 75.0, "C": 60.0, "D": 40.0}
    assert made.caps == Caps(critical_f=3, critical_d=1, area_c=40.0, high_b=1)
    assert list(made.rules) == ["toy.caa.present", "toy.dmarc.enforced"]
    rule = made.rules["toy.dmarc.enforced"]
    assert rule.params == Enforced(minimum="quarantine", days=30.0)
    assert (rule.weight, rule.cost, rule.where) == (None, Cost.NONE, (Where.OUTSIDE,))
    assert (rule.effort_minutes, rule.score_area) == (20, "email")
    assert rule.maps == {"cis": ("9.5",), "csf": ("PR.AA-04",)}
    assert rule.line == BASE.splitlines().index('[rules."toy.dmarc.enforced"]') + 1
    assert made.rules["toy.caa.present"].weight == 2.5
    assert made.rules["toy.caa.present"].params is None


def test_severity_depends_on_the_view(write: Write, registry: Registry) -> None:
    rules = load_policy(str(write(BASE)), registry).rules
    by_view = rules["toy.caa.present"]
    assert by_view.severity_for(View.INTERNAL) is Severity.LOW
    assert by_view.severity_for(View.EXTERNAL) is Severity.CRITICAL
    assert by_view.severity_for(None) is Severity.CRITICAL
    assert rules["toy.dmarc.enforced"].severity_for(View.EXTERNAL) is Severity.HIGH
    assert rules["toy.dmarc.enforced"].severity_for(None) is Severity.HIGH
    only_inside = BASE.replace(
        '{ internal = "low", external = "critical" }', '{ internal = "low" }'
    )
    rule = load_policy(str(write(only_inside)), registry).rules["toy.caa.present"]
    assert rule.severity_for(View.EXTERNAL) is Severity.LOW


def test_a_profile_is_where_evidence_comes_from(write: Write, registry: Registry) -> None:
    made = load_policy(str(write(BASE)), registry)
    assert list(made.rules_of("external")) == ["toy.dmarc.enforced"]
    assert made.rules_of("full") == made.rules
    assert made.profile(None) == "full"
    assert made.profile("external") == "external"
    with pytest.raises(ConfigErrors, match=r'"extern" is not one of .* \(did you mean "external"'):
        made.profile("extern")
    with pytest.raises(KeyError):
        made.rules_of("extern")


def test_the_hash_is_of_what_counts(write: Write, registry: Registry) -> None:
    first = load_policy(str(write(BASE)), registry).sha256
    assert re.fullmatch(r"[0-9a-f]{64}", first)
    assert load_policy(str(write("# a remark\n\n" + BASE)), registry).sha256 == first
    assert load_policy(str(write(BASE.replace("B = 75", "B = 76"))), registry).sha256 != first
    assert load_policy(str(write(BASE.replace("days = 30", "days = 31"))), registry).sha256 != first


OVER = """
id = "mine"
version = "2"
title = "Mine"
extends = "base.toml"
default_profile = "external"
[bands]
A = 95
[caps]
critical_f = 2
[rules."toy.dmarc.enforced"]
severity = "critical"
params = { minimum = "reject" }
maps = { cpg = ["3.L"] }
[rules."toy.caa.present"]
enabled = false
"""


def test_a_policy_extends_another_key_by_key(write: Write, registry: Registry) -> None:
    write(BASE)
    made = load_policy(str(write(OVER, "mine.toml")), registry)
    assert (made.id, made.version, made.default_profile) == ("mine", "2", "external")
    assert made.bands == {"A": 95.0, "B": 75.0, "C": 60.0, "D": 40.0}
    assert made.caps == Caps(critical_f=2, critical_d=1, area_c=40.0, high_b=1)
    assert list(made.rules) == ["toy.dmarc.enforced"]
    rule = made.rules["toy.dmarc.enforced"]
    assert rule.severity is Severity.CRITICAL
    assert rule.effort_minutes == 20
    assert rule.params == Enforced(minimum="reject", days=30.0)
    assert rule.maps == {"cis": ("9.5",), "csf": ("PR.AA-04",), "cpg": ("3.L",)}
    again = """
id = "again"
version = "1"
title = "Again"
extends = "mine.toml"
[rules."toy.caa.present"]
enabled = true
"""
    assert len(load_policy(str(write(again, "again.toml")), registry).rules) == 2


def test_all_mistakes_at_once_where_they_were_written(write: Write, registry: Registry) -> None:
    write(BASE.replace('version = "1"\n', "").replace("days = 30", "days = 'x'"))
    path = write(
        """id = ""
version = "2"
title = "Mine"
extends = "base.toml"
colour = 1
[area_weights]
mail = 10
[bands]
A = 20
[rules."toy.dmarc.enforced"]
severity = "hgih"
effort_minutes = -1
[rules."toy.dmark.enforced"]
enabled = false
[rules."toy.caa.present"]
score_area = "email"
params = { limit = 1 }
""",
        "mine.toml",
    )
    base_line = BASE.splitlines().index('[rules."toy.dmarc.enforced"]') + 6
    rule = 'rules."toy.dmarc.enforced"'
    assert errors(path, registry) == [
        'base.toml:1: the key "version" is missing',
        f"base.toml:{base_line}: {rule}.params.days: must be a number, not text",
        "mine.toml:1: id: must be one line of text",
        "mine.toml:5: colour: is not a known key",
        'mine.toml:6: area_weights: "mail" is not an area (did you mean "email"?)',
        "mine.toml:8: bands: must give A, B, C and D, falling, points of 100",
        (
            'mine.toml:11: rules."toy.dmarc.enforced".severity: "hgih" is not one of '
            'critical, high, medium, low, info (did you mean "high"?)'
        ),
        'mine.toml:12: rules."toy.dmarc.enforced".effort_minutes: must be between 0 and 100000',
        (
            'mine.toml:13: rules."toy.dmark.enforced": there is no such check installed '
            '(did you mean "toy.dmarc.enforced"?)'
        ),
        'mine.toml:17: rules."toy.caa.present".params.limit: this check takes no params',
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('default_profile = "full"', "", 'the key "default_profile" is missing'),
        ('default_profile = "full"', 'default_profile = "ful"', 'did you mean "full"?'),
        ("[caps]", "[other]", "is not a known key"),
        ("high_b = 1", "", "caps: lacks high_b"),
        ("high_b = 1", "high_b = 0", "must be between 1 and 100"),
        ("info = 0", "", "severity_weights: lacks info"),
        ("info = 0", "info = -1", "weights lie between 0 and 1000"),
        ("email = 60\ndns = 40", "email = 0\ndns = 0", "and one is more than 0"),
        ("D = 40", "D = 0", "must give A, B, C and D, falling"),
        ("D = 40", "E = 40", "must give A, B, C and D, falling"),
        ("A = 90", "A = 101", "must give A, B, C and D, falling"),
        ("A = 90", "A = 70", "must give A, B, C and D, falling"),
        ('external = ["outside"]', "external = []", "must be a word and must not be empty"),
        ('external = ["outside"]', '"a b" = ["lan"]', "must be a word and must not be empty"),
        ('external = ["outside"]', 'external = ["out"]', "is not one of outside, scan, lan"),
        ('score_area = "email"', 'score_area = "emails"', 'did you mean "email"?'),
        ('score_area = "email"', "", 'the key "score_area" is missing'),
        ('where = ["lan"]', "where = []", "where: is empty"),
        ('{ internal = "low", external = "critical" }', "{}", "severity: is empty"),
        ('{ internal = "low", external', '{ intern = "low", external', 'did you mean "internal"?'),
        ("weight = 2.5", "weight = -1", "must be between 0 and 1000"),
        ("effort_minutes = 15", "effort_minutes = 'long'", "must be a whole number"),
        (", days = 30", "", 'the params lack "days"'),
        ("days = 30", "day = 30", 'is not a known key (did you mean "days"?)'),
        ("days = 30", "days = -30", "params: days run forward"),
        ('minimum = "quarantine"', 'minimum = "none"', "is not one of quarantine, reject"),
        ('params = { minimum = "quarantine", days = 30 }', "params = 3", "must be a table"),
        ("toy.caa.present", "toy.caa.absent", 'did you mean "toy.caa.present"?'),
        ('title = "Base"', 'title = "a\\nb"', "must be one line of text"),
        ('title = "Base"', "title = 3", "must be text"),
        ("[bands]", "[[bands]]", "must be a table"),
    ],
)
def test_one_mistake(write: Write, registry: Registry, old: str, new: str, said: str) -> None:
    assert old in BASE
    found = errors(write(BASE.replace(old, new)), registry)
    assert any(said in line for line in found), found


def test_rules_that_are_no_table(write: Write, registry: Registry) -> None:
    text = "rules = 3\n" + BASE[: BASE.index("[rules")]
    assert errors(write(text), registry) == [
        "base.toml:1: rules: must be a table, not a whole number"
    ]


@pytest.mark.parametrize(
    ("extends", "said"),
    [
        ('"mine.toml"', "leads back here"),
        ('"absent.toml"', "cannot be read"),
        ('"smb-baselin"', 'did you mean "smb-baseline"?'),
        ("3", "extends: must be text"),
    ],
)
def test_what_cannot_be_extended(write: Write, registry: Registry, extends: str, said: str) -> None:
    head = BASE.replace('version = "1"', f'version = "1"\nextends = {extends}')
    found = errors(write(head, "mine.toml"), registry)
    assert any(line.startswith("mine.toml:4: ") and said in line for line in found), found


def test_extending_ends_somewhere(write: Write, registry: Registry) -> None:
    for n in range(policy_file.MAX_EXTENDS + 1):
        write(BASE.replace('id = "base"', f'id = "b"\nextends = "p{n + 1}.toml"'), f"p{n}.toml")
    found = errors(write(BASE, f"p{policy_file.MAX_EXTENDS + 1}.toml").parent / "p0.toml", registry)
    assert "or too deep" in found[0]


def test_an_unknown_name_or_file(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r'policy: "smb" is not one of .*smb-baseline'):
        load_policy("smb", registry)
    with pytest.raises(ConfigErrors, match="cannot be read"):
        load_policy(str(tmp_path / "x.toml"), registry)


def test_a_file_named_like_a_built_in_may_extend_it(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "smb-baseline.toml"
    path.write_text('id = "x"\nversion = "1"\ntitle = "x"\nextends = "smb-baseline"\n')
    with pytest.raises(ConfigErrors) as caught:
        load_policy(str(path), registry)
    assert all("no such check installed" in str(error) for error in caught.value.errors)


scalars: st.SearchStrategy[Any] = st.one_of(
    st.integers(-5, 200),
    st.floats(allow_nan=False, width=16),
    st.booleans(),
    st.sampled_from(["high", "outside", "email", "quarantine", "full", "base.toml", ""]),
)
keys = st.sampled_from(
    ["severity", "where", "params", "maps", "minimum", "days", "A", "critical", "internal", "email"]
)
tables = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)


@given(
    st.dictionaries(
        st.sampled_from(
            ["area_weights", "severity_weights", "bands", "caps", "profiles", "default_profile"]
        ),
        tables,
        max_size=3,
    ),
    st.dictionaries(
        st.sampled_from(["toy.dmarc.enforced", "toy.caa.present", "toy.else"]), tables, max_size=2
    ),
)
def test_any_overlay_is_a_policy_or_config_errors(
    registry: Registry,
    tmp_path_factory: pytest.TempPathFactory,
    top: dict[str, Any],
    rules: dict[str, Any],
) -> None:
    folder = tmp_path_factory.mktemp("any", numbered=True)
    (folder / "base.toml").write_text(BASE, encoding="utf-8")
    text = 'id = "x"\nversion = "1"\ntitle = "x"\nextends = "base.toml"\n'
    text += "".join(f"{key} = {inline(value)}\n" for key, value in top.items())
    text += "".join(f'rules."{key}" = {inline(value)}\n' for key, value in rules.items())
    (folder / "over.toml").write_text(text, encoding="utf-8")
    try:
        made = load_policy(str(folder / "over.toml"), registry)
    except ConfigErrors as caught:
        told = caught.errors
    else:
        assert made.default_profile in made.profiles
        assert all(rule.score_area in made.area_weights for rule in made.rules.values())
        return
    assert told
