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


def is_registry(name: str) -> bool:
    """Whether a registry registers names directly beneath ``name``, as under ``co.uk``.

    Suffixes of companies, as ``github.io``, and unknown top levels do not count.
    """
    return bool(name) and _registries().publicsuffix(name) == name


@cache
def _registries() -> Any:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(only_icann=True, accept_unknown=False)


@cache
def _list() -> Any:
    from publicsuffixlist import PublicSuffixList  # reading it takes a tenth of a second

    return PublicSuffixList()
