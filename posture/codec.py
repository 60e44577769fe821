"""One codec for every document: canonical JSON, strict types, and the hash of the exact bytes."""

import dataclasses
import hashlib
import math
import stat
from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

MAX_BYTES = 256 << 20
"""No document of ours is larger; a file that is was not written by us."""


class DocumentError(Exception):
    """A document that cannot be read; says what, why and the next step."""


def encode(value: object) -> bytes:
    """Encode to canonical JSON: UTF-8, sorted keys, one final line feed."""
    return msgspec.json.encode(value, order="sorted") + b"\n"


def decode(data: bytes, kind: type[T]) -> T:
    """Decode and validate; raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``."""
    return msgspec.json.decode(data, type=kind)


def convert(value: object, kind: type[T]) -> T:
    """Turn plain JSON values into ``kind``; raises ``msgspec.ValidationError``."""
    return msgspec.convert(value, kind)


def plain(value: object) -> Any:
    """Turn a dataclass into plain JSON values with sorted keys."""
    return msgspec.json.decode(msgspec.json.encode(value, order="sorted"))


def sha256(data: bytes) -> str:
    """Hex digest of the exact bytes."""
    return hashlib.sha256(data).hexdigest()


def read_file(path: Path) -> bytes:
    """Read a document's file, at most one byte over ``MAX_BYTES``; raises DocumentError, OSError.

    A pipe or a device would keep us waiting or never end.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise DocumentError(f"{path}: is not a file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def read_document(data: bytes, schema: str, kind: type[T], name: str) -> T:
    """Decode one of our documents, checking its ``schema`` before anything else."""
    if len(data) > MAX_BYTES:
        raise DocumentError(f"{name}: larger than {MAX_BYTES >> 20} MiB, not a {schema} document")
    try:
        head = msgspec.json.decode(data, type=dict[str, Any])
        found = head.get("schema")
        if found != schema:
            raise DocumentError(
                f"{name}: its schema is {found!r}, this version reads {schema!r}; "
                "use the posture version that wrote it, or a newer one"
            )
        made = msgspec.convert(head, kind)
        if (wrong := unsound(made)) is not None:
            raise msgspec.ValidationError(wrong)
        return made  # noqa: TRY300 - all of it may raise
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise DocumentError(
            f"{name}: cannot be read as {schema} ({error}); "
            "it was cut off or changed: take it from a backup, or scan again"
        ) from error


def unsound(value: object) -> str | None:
    """Say what in a fact may not be stored (a naive or non-UTC time, NaN), None when sound."""
    if isinstance(value, datetime):
        return None if value.utcoffset() == timedelta(0) else f"{value!r} is not in UTC"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{value!r} is not a finite number"
    if dataclasses.is_dataclass(value):
        parts = [getattr(value, f.name) for f in dataclasses.fields(value)]
    elif isinstance(value, Mapping):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, tuple | list | set | frozenset):
        parts = list(value)
    else:
        return None
    return next((found for part in parts if (found := unsound(part))), None)


_PLAIN = (
    inspect.StrType, inspect.IntType, inspect.BoolType, inspect.NoneType, inspect.EnumType,
    inspect.LiteralType, inspect.UnionType, inspect.VarTupleType, inspect.TupleType,
    inspect.ListType, inspect.FrozenSetType, inspect.SetType, inspect.DictType,
    inspect.DataclassType,
)  # fmt: skip


@cache
def always_sound(kind: Hashable) -> bool:
    """Whether nothing that conforms to this type is unsound: it holds neither times nor floats."""
    return all(isinstance(part, _PLAIN) for part in _parts(inspect.type_info(kind), set()))


def _parts(value: object, seen: set[int]) -> Iterator[inspect.Type]:
    """Yield every type a type is made of, each once: a record may hold others like itself."""
    if isinstance(value, inspect.Type):
        if id(value) in seen:
            return
        seen.add(id(value))
        yield value
    if isinstance(value, inspect.Type | inspect.Field):
        value = tuple(getattr(value, name) for name in value.__struct_fields__)
    if isinstance(value, tuple):
        for part in value:
            yield from _parts(part, seen)
