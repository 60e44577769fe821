"""Writes docs/schemas: what a snapshot and an audit look like, as JSON Schema 2020-12."""

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from posture import audit, snapshot

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
DOCUMENTS = {"snapshot-1": snapshot.Snapshot, "audit-1": audit.Audit}


def schema(kind: type[Any]) -> str:
    """The schema of a document; fields that a later version adds are allowed."""
    made = msgspec.json.schema(kind)
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(made, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Write every schema."""
    for name, kind in DOCUMENTS.items():
        (FOLDER / f"{name}.json").write_text(schema(kind), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
