"""The grammar of MTA-STS: the record that announces a policy, and the policy (RFC 8461). Pure."""

import re
from dataclasses import dataclass

from .names import is_host_name, normal

MODES = ("enforce", "testing", "none")
MAX_AGE = 31_557_600
"""Seconds, about a year: the most a policy may ask to be kept (§3.2)."""

_BEGIN = re.compile(r"v=STSv1[ \t]*;")
_ID = re.compile(r"id=[A-Za-z0-9]{1,32}")
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}"
_EXTENSION = re.compile(_NAME + r"=[!-:<>-~]+")
_LINE = re.compile(rf"({_NAME}):[ \t]*(.*?)[ \t]*")


class ParseError(ValueError):
    """A text that senders take for no record, or no policy; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a domain asks of those who send to it."""

    mode: str
    """One of ``MODES``."""
    max_age: int
    """Seconds that a sender keeps it."""
    patterns: tuple[str, ...]
    """Names of mail servers in lower case; ``*.`` in front stands for exactly one label."""

    def names(self, host: str) -> bool:
        """Whether it allows this host (§4.1); ``host`` is in lower case, without a final dot."""
        wild = f"*.{host.partition('.')[2]}"
        return host in self.patterns or wild in self.patterns


def is_record(text: str) -> bool:
    """Whether a sender looks at this TXT record at all (§3.1)."""
    return _BEGIN.match(text) is not None


def is_meant(text: str) -> bool:
    """Whether a TXT record was meant to be one, well written or not."""
    return text.lstrip().lower().startswith("v=sts")


def parse_record(text: str) -> str:
    """Return the id of a record; raises ParseError."""
    if not is_record(text):
        raise ParseError('it does not begin with "v=STSv1;"')
    fields = [piece.strip(" \t") for piece in text.split(";")[1:]]
    if fields[-1] == "":
        fields.pop()
    ids = [field for field in fields if field.startswith("id=")]
    if len(ids) != 1 or not _ID.fullmatch(ids[0]):
        raise ParseError("it needs one id of 1 to 32 letters and digits")
    wrong = next((field for field in fields if not _EXTENSION.fullmatch(field)), None)
    if wrong is not None:
        raise ParseError(f"{wrong[:40]!r} is no name=value")
    return ids[0].removeprefix("id=")


def parse_policy(text: str) -> Policy:
    """Read a policy file (§3.2); raises ParseError. Unknown keys are ignored, empty lines too."""
    first: dict[str, str] = {}
    patterns: list[str] = []
    for line in re.split(r"\r?\n", text):
        found = _LINE.fullmatch(line)
        if found is None:
            if line.strip(" \t"):
                raise ParseError(f"{line[:40]!r} is no key: value")
        elif found[1] == "mx":
            patterns.append(_pattern(found[2]))
        else:
            first.setdefault(found[1], found[2])  # of a repeated key the first counts
    return _policy(first, tuple(dict.fromkeys(patterns)))


def _policy(found: dict[str, str], patterns: tuple[str, ...]) -> Policy:
    if found.get("version") != "STSv1":
        raise ParseError("there is no line version: STSv1")
    mode = found.get("mode", "")
    if mode not in MODES:
        raise ParseError("there is no line mode: enforce, testing or none")
    age = found.get("max_age", "")
    if not re.fullmatch(r"[0-9]{1,10}", age) or int(age) > MAX_AGE:
        raise ParseError(f"there is no line max_age: with 0 to {MAX_AGE} seconds")
    if not patterns and mode != "none":
        raise ParseError("there is no mx line")
    return Policy(mode=mode, max_age=int(age), patterns=patterns)


def _pattern(text: str) -> str:
    name = normal(text)
    if not is_host_name(name.removeprefix("*.")):
        raise ParseError(f"mx: {text[:40]!r} is no host name")
    return name
