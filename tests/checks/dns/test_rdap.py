from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.dns import rdap, rdap_servers
from posture.checks.dns.rdap import DomainObject, ParseError, read
from tools.rdap_servers import WHERE, table

NAME = "example.com"
END = datetime(2027, 8, 13, 4, tzinfo=UTC)
ANSWER: dict[str, Any] = {
    "rdapConformance": ["rdap_level_0", "icann_rdap_response_profile_1"],
    "objectClassName": "domain",
    "handle": "2336799_DOMAIN_COM-VRSN",
    "ldhName": "EXAMPLE.COM.",
    "status": ["Client Transfer Prohibited", "client delete prohibited"],
    "events": [
        {"eventAction": "registration", "eventDate": "not read"},
        {"eventAction": "expiration", "eventDate": "2027-08-13T06:00:00.25+02:00"},
        {"eventAction": "registrar expiration", "eventDate": "2026-08-13T04:00:00Z"},
    ],
    "secureDNS": {"delegationSigned": True},
    "entities": [
        {"roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "A. Person"]]]},
        {
            "roles": ["technical", "registrar"],
            "vcardArray": [
                "vcard",
                [["version", {}, "text", "4.0"], 5, ["fn"], ["fn", {}, "text", " Names Ltd "]],
            ],
            "entities": [{"roles": ["abuse"], "vcardArray": "not read"}],
        },
    ],
}


def reading(**changes: Any) -> DomainObject:
    return read(json.dumps({**ANSWER, **changes}).encode(), NAME)


def test_an_answer_is_read_without_its_people() -> None:
    found = reading()
    assert found == DomainObject(
        expires=END.replace(microsecond=250000),
        statuses=("client delete prohibited", "client transfer prohibited"),
        signed=True,
        registrar="Names Ltd",
        contracted=True,
    )
    assert "Person" not in repr(found)


def test_what_a_registry_leaves_out_is_left_open() -> None:
    least = {"objectClassName": "domain", "unicodeName": NAME}
    found = read(json.dumps(least).encode(), NAME)
    nothing = DomainObject(expires=None, statuses=(), signed=None, registrar="", contracted=False)
    assert found == nothing


@pytest.mark.parametrize(
    "changes",
    [
        {"objectClassName": "entity"},
        {"ldhName": "example.org"},
        {"ldhName": 5},
        {"status": "active"},
        {"status": [None]},
        {"status": ["x" * 201]},
        {"events": {}},
        {"events": ["expiration"]},
        {"events": [{"eventAction": "expiration"}]},
        {"events": [{"eventAction": "expiration", "eventDate": "2027-08-13"}]},
        {"events": [{"eventAction": "expiration", "eventDate": "2027-08-13T04:00:00"}]},
        {"events": [{"eventAction": "expiration", "eventDate": "2027-02-30T04:00:00Z"}]},
        {"events": [{"eventAction": "expiration", "eventDate": "2027-08-13T04:00:60Z"}]},
        {"events": [{"eventAction": "expiration", "eventDate": "0001-01-01T00:00:00+23:00"}]},
        {"events": [{"eventAction": "expiration", "eventDate": f"{year}-08-13T04:00:00Z"}
                    for year in (2027, 2028)]},
        {"secureDNS": []},
        {"entities": [[]]},
        {"entities": [{"roles": "registrar"}]},
        {"rdapConformance": "rdap_level_0"},
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ParseError):
        reading(**changes)


@pytest.mark.parametrize(
    "entities",
    [
        [],
        [{"roles": ["registrar"]}],
        [{"roles": ["registrar"], "vcardArray": ["vcard", "fn"]}],
        [{"roles": ["registrar"], "vcardArray": ["vcard", [["fn", {}, "text", 5]]]}],
        [{"roles": ["registrar"], "vcardArray": ["vcard", [["org", {}, "text", "x"]]]}],
    ],
)
def test_a_registrar_without_a_name_has_none(entities: list[Any]) -> None:
    assert reading(entities=entities).registrar == ""


def test_what_is_kept_is_bounded() -> None:
    card = ["vcard", [["fn", {}, "text", "n" * 9999]]]
    entities = [{"roles": ["registrar"], "vcardArray": card}]
    found = reading(status=[f"state {n}" for n in range(999)], entities=entities)
    assert len(found.statuses) == rdap.STATUSES
    assert len(found.registrar) == rdap.TEXT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe\xff",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"objectClassName": ' + b"9" * 9999 + b"}",
        b"null",
        b"[]",
        b'"domain"',
    ],
)
def test_hostile_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        read(body, NAME)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*ANSWER, "roles", "eventAction", "vcardArray"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(ANSWER)), JSON), JSON)
def test_any_json_is_a_value_or_a_parse_error(changes: dict[str, Any], other: Any) -> None:
    for document in ({**ANSWER, **changes}, other):
        try:
            found = read(json.dumps(document).encode(), NAME)
        except ParseError:
            continue
        assert found.expires is None or found.expires.tzinfo is UTC
        assert len(found.statuses) <= rdap.STATUSES


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_parse_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        read(body, NAME)


TIMES = st.from_regex(r"\A\d{4}-\d\d-[0-3]\dt[012]\d:[0-5]\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")


@given(TIMES | TIMES.map(str.upper) | st.text(max_size=40))
def test_any_date_is_a_value_or_a_parse_error(text: str) -> None:
    events = [{"eventAction": "expiration", "eventDate": text}]
    try:
        found = reading(events=events).expires
    except ParseError:
        return
    assert found
    assert found.tzinfo is UTC


def test_the_shipped_list() -> None:
    servers = rdap_servers.shipped()
    assert servers.published.isoformat() == "2026-07-23"
    assert len(servers.by_name) == 1198
    assert servers.base("example.com") == "https://rdap.verisign.com/com/v1/"
    assert servers.base("example.co.uk") == "https://rdap.nominet.uk/uk/"
    assert servers.base("example.de") == ""
    for url in servers.by_name.values():
        assert url.startswith("https://")
        assert url.endswith("/")


def test_the_longest_end_is_taken() -> None:
    servers = rdap_servers.Servers(END.date(), {"com": "a/", "br.com": "b/"})
    assert [servers.base(name) for name in ("x.com", "x.br.com", "br.com", "x.org")] == [
        "a/", "b/", "b/", ""
    ]  # fmt: skip


def test_the_list_is_written_from_what_iana_publishes() -> None:
    long = [f"top{number:03}" for number in range(40)]
    document: dict[str, object] = {
        "publication": "2026-11-01T10:00:00Z",
        "services": [
            [["kg"], ["http://rdap.cctld.kg/"]],
            [["B", "a"], ["http://x.example/", "https://x.example/", "https://y.example/"]],
            [long, ["https://long.example/"]],
        ],
    }
    lines = table(document).splitlines()
    assert "published = 2026-11-01T10:00:00Z" in lines
    assert '"https://x.example/" = ["a", "b"]' in lines
    assert "kg" not in "\n".join(lines[13:])
    assert max(map(len, lines)) <= 100
    with pytest.raises(TypeError):
        table({**document, "services": 5})


def test_the_list_is_where_it_is_read_from() -> None:
    assert WHERE.read_text(encoding="utf-8").startswith("# Where the registry")
