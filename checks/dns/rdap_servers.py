"""Which server answers for the registry of a name: IANA's list, as it is shipped (RFC 9224)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Servers:
    """One edition of the list."""

    published: date
    by_name: Mapping[str, str]
    """Top level, or a longer end of names, to the base URL; that ends in a slash."""

    def base(self, name: str) -> str:
        """Return the base URL for a name, by the longest end that is listed; empty if none is."""
        labels = name.split(".")
        ends = (".".join(labels[start:]) for start in range(len(labels)))
        return next((self.by_name[end] for end in ends if end in self.by_name), "")


@cache
def shipped() -> Servers:
    """The list that comes with posture."""
    text = files(__package__).joinpath("rdap_servers.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    by_name = {name: url for url, names in table["servers"].items() for name in names}
    return Servers(table["published"].date(), by_name)
