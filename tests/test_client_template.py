"""What `posture init` writes is a client file, whatever names it was given."""

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import client_template
from posture.client import load_client
from posture.client_file import Cover
from posture.client_template import slug, template, toml_string
from posture.model import Company, View

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(text: str) -> Path:
        path = tmp_path / "client.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


def test_the_template_is_a_client_file(write: Write) -> None:
    text = template(company="Smile Dental", authorised_by="J. Doe")
    assert text.startswith("#:schema ./client.schema.json\n")
    made = load_client(write(text))
    assert made.declared() == (Company(client_id="smile-dental", name="Smile Dental"),)
    full = template(
        company='O"Neil \\ Söhne',
        authorised_by="J. Doe",
        role="owner",
        domains=["example.com", "example.org"],
        client_id="oneil",
        covers=[Cover.DOMAINS, Cover.HOSTS],
        valid_until=date(2026, 12, 31),
    )
    made = load_client(write(full))
    assert made.company == Company(client_id="oneil", name='O"Neil \\ Söhne')
    assert [each.id for each in made.subjects] == ["domain:example.com", "domain:example.org"]
    assert made.authorisation.covers == {Cover.DOMAINS, Cover.HOSTS}
    assert made.authorisation.valid_until == datetime(2027, 1, 1, tzinfo=UTC)


def test_every_example_in_the_template_is_right(write: Write) -> None:
    text = template(company="Smile Dental", authorised_by="J. Doe", domains=["example.com"])
    tables = (
        "network",
        "[sites",
        "[mail",
        "[hosts",
        "[networks",
        "[tenants",
        "[backups",
        "[systems",
    )
    lines = []
    awake = False
    for line in text.splitlines():
        if line.startswith(tuple(f"# [{table}" for table in tables)):
            awake = True
        elif not line.startswith("# ") or " = " not in line:
            awake = False
        lines.append(line.removeprefix("# ") if awake else line)
    path = write("\n".join(lines))
    (path.parent / "posture.pem").touch()
    made = load_client(path)
    assert {each.kind for each in made.subjects} == {
        *("domain", "website", "mailserver", "host", "network", "tenant", "backupset", "system")
    }
    assert made.network.vantage is View.EXTERNAL


@given(st.text(), st.text(max_size=20), st.lists(st.text(max_size=10), max_size=2))
def test_no_name_breaks_out_of_the_template(company: str, by: str, domains: list[str]) -> None:
    if any("\ud800" <= c <= "\udfff" for c in company + by + "".join(domains)):
        return
    data = tomllib.loads(template(company=company, authorised_by=by, domains=domains))
    assert data["company"]["name"] == company
    assert data["authorisation"]["by"] == by
    assert [each["name"] for each in data.get("domains", [])] == domains


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_toml_strings_come_back(text: str) -> None:
    assert tomllib.loads(f"x = {toml_string(text)}") == {"x": text}


@given(st.text())
def test_every_slug_is_an_id(text: str) -> None:
    data = f'[company]\nid = "{slug(text)}"\n'
    assert tomllib.loads(data)["company"]["id"] == slug(text)
    assert slug(text)[:1].isalnum()
    assert len(slug(text)) <= 64


def test_the_schema_knows_every_key_and_refuses_others() -> None:
    schema = client_template.schema()
    json.dumps(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    tables = schema["$defs"]
    assert tables["ClientFile"]["additionalProperties"] is False
    assert set(tables["Host"]["properties"]) == {"address", "view", "owned", "name", "site"}
    assert "date" in json.dumps(tables["AuthorisationTable"]["properties"]["valid_until"])
    with pytest.raises((NotImplementedError, TypeError)):
        client_template.json_schema(Unknown)


class Unknown:
    pass
