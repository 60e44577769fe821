"""Where registration begins: the public suffix list, as its package brings it."""

from functools import cache
from typing import Any


def registrable(name: str) -> str:
    """Return the part of a name that somebody registered; empty when it is a suffix itself.

    ``www.example.co.uk`` gives ``example.co.uk``. An unknown top level counts as a suffix.
    Labels with an underscore in front are never part of it.
    """
    labels = name.split(".")
    while len(labels) > 1 and labels[0].startswith("_"):
        labels = labels[1:]
    return _list().privatesuffix(".".join(labels)) or ""


@cache
def _list() -> Any:
    from publicsuffixlist import PublicSuffixList  # reading it takes a tenth of a second

    return PublicSuffixList()
