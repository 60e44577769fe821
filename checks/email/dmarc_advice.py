"""DMARC records to paste."""

from .dmarc import LEVELS, DmarcRecord

_REMOVED = {"pct", "rf", "ri"}
"""Tags that RFC 9989 took out; they are never written."""


def first(domain: str, *, sends_mail: bool) -> str:
    """Suggest the first record: watch, or refuse everything where nothing is ever sent."""
    if not sends_mail:
        return "v=DMARC1; p=reject; sp=reject; np=reject"
    return f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"


def raised(record: DmarcRecord, minimum: str) -> str:
    """Rewrite a record so that nothing in it is weaker than ``minimum``; the rest stays."""
    tags = {name: value for name, value in record.tags if name not in _REMOVED | {"t"}}
    tags = {"p": minimum, **tags}
    for name in ("p", "sp", "np"):
        if name in tags:
            tags[name] = _stronger(tags[name].lower(), minimum)
    return _written(tags)


def reporting(record: DmarcRecord, domain: str) -> str:
    """Rewrite a record so that reports go to the domain itself."""
    tags = {name: value for name, value in record.tags if name not in _REMOVED}
    return _written({**tags, "rua": f"mailto:dmarc@{domain}"})


def _stronger(level: str, minimum: str) -> str:
    known = level in LEVELS and LEVELS.index(level) > LEVELS.index(minimum)
    return level if known else minimum


def _written(tags: dict[str, str]) -> str:
    return "; ".join(["v=DMARC1", *(f"{name}={value}" for name, value in tags.items())])
