"""SPF records to paste: a first one, a merged one, a shorter one, a corrected one."""

import re
from collections.abc import Iterable, Sequence

from . import spf
from .facts import Outcome, SpfDiscovery
from .names import is_within
from .spf_tree import blocks

CLOSED = f"{spf.VERSION} -all"
"""The record of a domain that sends no mail."""

_HOSTED = {
    "mail.protection.outlook.com": "include:spf.protection.outlook.com",
    "mx.microsoft": "include:spf.protection.outlook.com",
    "google.com": "include:_spf.google.com",
    "googlemail.com": "include:_spf.google.com",
    "protonmail.ch": "include:_spf.protonmail.ch",
    "messagingengine.com": "include:spf.messagingengine.com",
    "privateemail.com": "include:spf.privateemail.com",
    "registrar-servers.com": "include:spf.efwd.registrar-servers.com",
}
"""Where mailboxes are hosted, by their MX, and what sends for them."""
_REPAIRS = (
    (re.compile(r"(?i)(redirect|exp):"), r"\1="),
    (re.compile(r"(?i)([+?~-]?)(?:a|mx|ip|ipv4|ip4):(?=[0-9.]+(?:/[0-9]+)?\Z)"), r"\1ip4:"),
    (re.compile(r"(?i)([+?~-]?)(?:ip|ipv6):(?=[0-9a-f:]+(?:/[0-9]+)?\Z)"), r"\1ip6:"),
)
"""Mistakes whose meaning is plain."""


def first(mail_hosts: Sequence[str], *, sends_mail: bool) -> str:
    """Suggest the record of a domain without one, from the servers that take its mail."""
    if not sends_mail:
        return CLOSED
    hosted = (
        term for host in mail_hosts for suffix, term in _HOSTED.items() if is_within(host, suffix)
    )
    return f"{spf.VERSION} {next(hosted, 'mx')} ~all"


def merged(records: Sequence[str]) -> str:
    """Join several records into one that lets the same servers send."""
    terms: dict[str, str] = {}
    endings = set()
    for record in records:
        for word in _readable(record):
            lower = word.lower()
            if lower.lstrip("+-~?") == "all":
                endings.add(lower)
            elif not lower.startswith("exp="):
                sender = re.sub(r"(?i)\Aredirect=", "include:", word)
                terms.setdefault(sender.lower(), sender)
    return " ".join([spf.VERSION, *terms.values(), "-all" if endings == {"-all"} else "~all"])


def corrected(record: str) -> str:
    """Repair or drop what is wrong in a record."""
    once = " ".join([spf.VERSION, *dict.fromkeys(spf.words(record))])
    wrong = {fault.term for fault in spf.faults(once)}
    repaired = [_repaired(word) if word in wrong else word for word in spf.words(once)]
    return " ".join([spf.VERSION, *_readable(" ".join([spf.VERSION, *repaired]))])


def without(record: str, terms: Iterable[str]) -> str:
    """Drop terms from a record; what a dropped redirect would have ended in becomes ``~all``."""
    gone = set(terms)
    left = [word for word in spf.words(record) if word not in gone]
    ended = any(word.lower().lstrip("+-~?") == "all" for word in left)
    if not ended and any(word.lower().startswith("redirect=") for word in gone):
        left.append("~all")
    return " ".join([spf.VERSION, *left])


def closed(record: str, term: str) -> str:
    """Take the right to send from everybody: ``all`` turns soft, another term goes."""
    if term.lower().lstrip("+") != "all":
        return without(record, {term})
    return " ".join([spf.VERSION, *("~all" if w == term else w for w in spf.words(record))])


def ended(record: str) -> str:
    """Let a record end in ``~all``; what it redirects to it includes before that (§5.2, §6.1)."""
    words = ["~all" if word.lower() == "?all" else word for word in spf.words(record)]
    if not any(word.lower().lstrip("+-~?") == "all" for word in words):
        led = [word for word in words if word.lower().startswith("redirect=")]
        words = [word for word in words if word not in led]
        words += [*(f"include:{word.partition('=')[2]}" for word in led), "~all"]
    return " ".join([spf.VERSION, *words])


def trimmed(discovery: SpfDiscovery) -> str:
    """Drop what is there twice or leads nowhere."""
    dead = {Outcome.ABSENT, Outcome.NONE}
    own = [block[0] for block in blocks(discovery.lookups)]
    gone = {seen.term for seen in own if seen.outcome in dead}
    unique = dict.fromkeys(spf.words(without(discovery.records[0], gone)))
    return " ".join([spf.VERSION, *unique])


def _readable(record: str) -> list[str]:
    wrong = {fault.term for fault in spf.faults(record)}
    return [word for word in spf.words(record) if word not in wrong]


def _repaired(word: str) -> str:
    for pattern, replacement in _REPAIRS:
        made = pattern.sub(replacement, word, count=1)
        if made != word and not spf.faults(f"{spf.VERSION} {made}"):
            return made
    return ""
