"""DMARC records to paste."""

from .dmarc import LEVELS, DmarcRecord

_REMOVED = {"pct", "rf", "ri"}
"""Tags that RFC 9989 took out; they are never written."""


def first(domain: str, *, sends_mail: bool) -> str:
    """Suggest the first record: watch, or refuse everything where nothing is ever sent."""
    if not sends_mail:
        return "v=DMARC1; p=reject; sp=reject; np=reject"
    # Names that do not exist send nothing: to refuse them is safe from the first day.
    return f"v=DMARC1; p=none; np=reject; rua=mailto:dmarc@{domain}"


def raised(record: DmarcRecord, minimum: str) -> str:
    """Rewrite a record so that nothing in it is weaker than ``minimum``; the rest stays."""
    tags = {name: value for name, value in record.tags if name not in _REMOVED | {"t"}}
    tags = {"p": minimum, **tags}
    for name in ("p", "sp", "np"):
        if name in tags:
            tags[name] = _stronger(tags[name].lower(), minimum)
    return _written(tags)


def steps(record: DmarcRecord) -> tuple[str, ...]:
    """List the records to publish one after the other, from this one up to reject.

    ``t=y`` is a step for receivers that know RFC 9989 only: for all others it is quarantine.
    """
    here = record.published("p") or "none"
    tags = {name: value for name, value in record.tags if name not in _REMOVED | {"p", "t", "np"}}
    written = []
    for level, testing in (("quarantine", True), ("quarantine", False), ("reject", False)):
        if (LEVELS.index(level), not testing) <= (LEVELS.index(here), not record.testing):
            continue
        sub = {"sp": _stronger(tags["sp"].lower(), level)} if "sp" in tags else {}
        test = {"t": "y"} if testing else {}
        written.append(_written({"p": level, **tags, **sub, "np": "reject", **test}))
    return tuple(written)


def organized(record: DmarcRecord | None, level: str, *, psd: str) -> str:
    """Write a record that says where the organisation begins, without what cannot be read.

    ``level`` is its policy if it has none; an empty ``psd`` leaves the tag out.
    """
    found = record.tags if record else ()
    gone = _REMOVED | {"psd"} | set(record.faults if record else ())
    tags = {name: value for name, value in found if name not in gone}
    return _written({"p": level, **tags, **({"psd": psd} if psd else {})})


def reporting(record: DmarcRecord, domain: str) -> str:
    """Rewrite a record so that reports go to the domain itself."""
    tags = {name: value for name, value in record.tags if name not in _REMOVED}
    return _written({**tags, "rua": f"mailto:dmarc@{domain}"})


def _stronger(level: str, minimum: str) -> str:
    known = level in LEVELS and LEVELS.index(level) > LEVELS.index(minimum)
    return level if known else minimum


def _written(tags: dict[str, str]) -> str:
    return "; ".join(["v=DMARC1", *(f"{name}={value}" for name, value in tags.items())])
