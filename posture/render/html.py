"""The report as one HTML file that needs nothing else: no script, no font, no network.

Whatever a template prints passes ``_harmless``: nobody can forget to sanitise a string, because
printing is what sanitises it. Escaping is the environment's.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from posture import words
from posture.render import digest, phrases
from posture.render.chapters import chapters
from posture.render.markdown import markdown
from posture.sanitise import for_html

if TYPE_CHECKING:
    from posture.audit import Audit

_REPORTS = "posture.reports"
FRAMEWORKS = {
    "cis": "CIS 8.1",
    "csf": "CSF 2.0",
    "cpg": "CPG 2.0",
    "ce": "Cyber Essentials",
    "ins": "Insurance",
    "baseline": "Baseline",
}
"""What the keys of a rule's mappings stand for, in short; any other is printed as it is."""


def html(audit: Audit) -> str:
    """Return the whole report. The same audit gives the same text."""
    style = _template("report.css")
    return (
        _environment()
        .get_template("report.html")
        .render(
            audit=audit,
            chapters=chapters(audit),
            used_nmap=_used_nmap(audit),
            style=Markup(style),  # noqa: S704 - our own file, and the policy names its hash
            style_hash=_csp_hash(style),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        finalize=_harmless,
        loader=FunctionLoader(_template),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(
        anchor=_anchor,
        cut=_cut,
        day=phrases.day,
        markdown=markdown,
        minute=phrases.minute,
        whole=phrases.whole,
    )
    environment.globals.update(
        catalogue=words.catalogue(), digest=digest, frameworks=FRAMEWORKS, phrases=phrases
    )
    return environment


def _template(name: str) -> str:
    return files(_REPORTS).joinpath("templates", name).read_text(encoding="utf-8")


def _harmless(value: object) -> object:
    """Let nothing invisible through, and no value that was forgotten."""
    if value is None:
        raise TypeError("a template printed None")
    return value if isinstance(value, Markup) else for_html(str(value))


def _csp_hash(style: str) -> str:
    digested = hashlib.sha256(style.encode()).digest()
    return f"sha256-{base64.b64encode(digested).decode()}"


def _anchor(text: str) -> str:
    """Return an id for an element: no space, nothing that a selector would have to escape."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", text) or "-"


def _cut(text: str, length: int = 48) -> str:
    """Shorten a label for the owner's page, which has to stay one page."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _used_nmap(audit: Audit) -> bool:
    """Whether product names in the evidence were recognised by nmap: its licence wants a notice."""
    said = (
        text.lower()
        for entry in audit.entries
        for evidence in entry.finding.evidence
        for text in (evidence.source, evidence.record)
    )
    return any("nmap" in text for text in said)
