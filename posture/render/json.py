"""The audit as data: exactly the document that everything else is drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posture import codec

if TYPE_CHECKING:
    from posture.audit import Audit


def document(audit: Audit) -> bytes:
    """Return ``audit.json``: canonical, UTF-8, the same bytes for the same audit."""
    return codec.encode(audit)
