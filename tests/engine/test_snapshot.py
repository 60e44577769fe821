from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import codec, snapshot
from posture.codec import DocumentError
from posture.snapshot import SCHEMA, Index, Snapshot
from tests.engine import toy


def test_a_snapshot_is_canonical() -> None:
    one = codec.encode(toy.look())
    assert one == codec.encode(snapshot.load(one, "x"))
    assert one.endswith(b"}\n")
    assert codec.sha256(one) != codec.sha256(one + b" ")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "cannot be read"),
        (codec.encode(toy.look())[:-20], "cannot be read"),
        (b"[1]", "cannot be read"),
        (b'{"schema":"posture.snapshot/9"}', "reads 'posture.snapshot/1'"),
        (b'{"schema":"%s"}' % SCHEMA.encode(), "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_what_is_no_snapshot_is_refused_in_a_sentence(data: bytes, says: str) -> None:
    with pytest.raises(DocumentError, match=f"^f.json: .*{says}"):
        snapshot.load(data, "f.json")


def test_a_document_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MAX_BYTES", 10)
    with pytest.raises(DocumentError, match="larger than"):
        snapshot.load(b" " * 11, "x")


def test_a_snapshot_without_its_company_is_refused() -> None:
    with pytest.raises(DocumentError, match="no company"):
        snapshot.load(codec.encode(replace(toy.look(), subjects=())), "x")


def test_a_subject_that_cannot_be_read_is_refused() -> None:
    made = toy.look()
    broken = replace(made, subjects=(replace(made.subjects[0], fields={"name": 3}),))
    with pytest.raises(DocumentError, match="cannot be read"):
        Index(broken, toy.registry().subjects)


def test_ancestors_are_followed_and_loops_end() -> None:
    made = toy.look()
    looped = replace(
        made, subjects=tuple(replace(s, parents=("website:www.a.example",)) for s in made.subjects)
    )
    index = Index(looped, toy.registry().subjects)
    assert index.below("domain:a.example", toy.DOMAIN)
    assert not index.below("company:acme", toy.DOMAIN)
    assert index.company.key == "acme"


@given(st.binary())
def test_reading_gives_a_snapshot_or_says_why_not(data: bytes) -> None:
    try:
        assert isinstance(snapshot.load(data, "x"), Snapshot)
    except DocumentError:
        return
