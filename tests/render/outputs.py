"""Whole outputs, kept in golden/ and reviewed like code.

Write them anew with ``python -m tests.render.outputs`` and read the difference before committing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from posture.render import csv, html, json, text
from tests.render import sample

if TYPE_CHECKING:
    from posture.audit import Audit

FOLDER = Path(__file__).with_name("golden")
AUDITS = {
    "unsettled": sample.AUDIT,
    "settled": sample.SETTLED,
    "ungraded": sample.UNGRADED,
    "cut-short": sample.CUT_SHORT,
}


def styleless(page: str) -> str:
    """The page without its style, which has a file and tests of its own."""
    page = re.sub(r"<style>.*?</style>", "<style></style>", page, flags=re.DOTALL)
    return re.sub(r"'sha256-[^']+'", "'sha256-…'", page)


def outputs(name: str, audit: Audit) -> dict[str, bytes]:
    """File name to bytes of everything that is drawn from one audit."""
    return {
        f"{name}.html": styleless(html.html(audit)).encode(),
        f"{name}.txt": f"{text.summary(audit)}\n{text.one_line(audit)}\n".encode(),
        f"{name}.csv": csv.findings(audit),
        f"{name}.json": json.document(audit),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, audit in AUDITS.items():
        for file, data in outputs(name, audit).items():
            (FOLDER / file).write_bytes(data)
