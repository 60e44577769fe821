"""Reads what a registry says of one domain: the RDAP object of RFC 9083 §5.3. Pure.

Of everybody the object names, only the registrar is read, and of it only the name: the other
entities are people.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

STATUSES = 32
"""States that are kept; EPP knows two dozen (RFC 8056 §2)."""
TEXT = 200
"""Characters that are kept of one text."""
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.IGNORECASE,
)


class ParseError(ValueError):
    """What is no answer about the domain that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainObject:
    """What of an answer matters here."""

    expires: datetime | None
    """Aware, UTC; None: the registry does not say."""
    statuses: tuple[str, ...]
    """In lower case, sorted, as RFC 8056 and RFC 9083 §10.2.2 write them."""
    signed: bool | None
    """Whether the registry holds a DS record; None: it does not say."""
    registrar: str
    contracted: bool
    """The answer follows ICANN's profile, which has every EPP state in it."""


def read(body: bytes, name: str) -> DomainObject:
    """Read an answer about ``name``; raises ParseError."""
    found = _object(_json(body), "the answer")
    if found.get("objectClassName") != "domain" or not _is_about(found, name):
        raise ParseError(f"it is not about the domain {name}")
    return DomainObject(
        expires=_expiration(found),
        statuses=_statuses(found),
        signed=_signed(found),
        registrar=_registrar(found),
        contracted=_contracted(found),
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ParseError("it is not JSON") from None


def _is_about(found: dict[str, Any], name: str) -> bool:
    told = (found.get(key) for key in ("ldhName", "unicodeName"))
    return name in {text.lower().rstrip(".") for text in told if isinstance(text, str)}


def _expiration(found: dict[str, Any]) -> datetime | None:
    """RFC 9083 §10.2.3: ``expiration`` is the registry's date, not that of the registrar."""
    ends = {
        _time(event.get("eventDate"))
        for event in _objects(found, "events")
        if event.get("eventAction") == "expiration"
    }
    if len(ends) > 1:
        raise ParseError("it holds more than one end")
    return ends.pop() if ends else None


def _time(value: Any) -> datetime:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ParseError("its end is not a time (RFC 3339)")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ParseError("its end is not a time (RFC 3339)") from None


def _statuses(found: dict[str, Any]) -> tuple[str, ...]:
    told = {_text(value, "status").strip().lower() for value in _list(found, "status")}
    return tuple(sorted(told)[:STATUSES])


def _signed(found: dict[str, Any]) -> bool | None:
    told = _object(found.get("secureDNS", {}), "secureDNS").get("delegationSigned")
    return told if isinstance(told, bool) else None


def _contracted(found: dict[str, Any]) -> bool:
    told = _list(found, "rdapConformance")
    return any(isinstance(one, str) and one.startswith("icann_rdap_") for one in told)


def _registrar(found: dict[str, Any]) -> str:
    """The formatted name in the jCard (RFC 7095 §3.3) of the entity that is the registrar."""
    for entity in _objects(found, "entities"):
        if "registrar" in _list(entity, "roles"):
            for line in _lines(entity):
                if len(line) == 4 and line[0] == "fn" and isinstance(line[3], str):
                    return line[3].strip()[:TEXT]
    return ""


def _lines(entity: dict[str, Any]) -> Iterator[list[Any]]:
    card = _list(entity, "vcardArray")
    lines = card[1] if len(card) == 2 and isinstance(card[1], list) else []
    return (line for line in lines if isinstance(line, list))


def _objects(found: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    return (_object(item, key) for item in _list(found, key))


def _list(found: dict[str, Any], key: str) -> list[Any]:
    value = found.get(key, [])
    if not isinstance(value, list):
        raise ParseError(f"{key} is not a list")
    return value


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ParseError(f"{what} is not an object")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or len(value) > TEXT:
        raise ParseError(f"{what} is not a short text")
    return value
