"""Where in a TOML text each key stands. tomllib does not tell, and an error needs its line.

The text has already been accepted by tomllib, so this scanner follows the grammar of TOML 1.0
without checking it again.
"""

import bisect
import re
import tomllib
from collections.abc import Iterator

Place = tuple[str | int, ...]
"""Keys and array indices from the top of the document, e.g. ``("domains", 0, "name")``."""

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{1,2}(?!"))?'
    r"|'''.*?'''(?:'{1,2}(?!'))?"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)


def line_numbers(text: str) -> dict[Place, int]:
    """Return the line, from 1, of every key, table header and array element in valid TOML."""
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Place, int] = {}
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._tables: dict[Place, int] = {}
        """How many elements each array of tables has so far."""

    def document(self) -> None:
        prefix: Place = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                prefix = self._header()
            else:
                self._pair(prefix)
            self._skip(_BLANK)

    def _header(self) -> Place:
        line = self._line()
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        place: Place = ()
        for key in self._keys():
            place = (*self._latest(place), key)
            self._mark(place, line)
        self.at += 2 if array else 1
        if not array:
            return place
        self._tables[place] = self._tables.get(place, 0) + 1
        self._mark(self._latest(place), line)
        return self._latest(place)

    def _latest(self, place: Place) -> Place:
        """The newest element, if ``place`` is an array of tables."""
        return (*place, self._tables[place] - 1) if place in self._tables else place

    def _pair(self, prefix: Place) -> None:
        line = self._line()
        place = prefix
        for key in self._keys():
            place = (*place, key)
            self._mark(place, line)
        self.at += 1  # the equals sign
        self._value(place)

    def _keys(self) -> Iterator[str]:
        """A dotted key, up to the character that ends it."""
        while True:
            self._skip(_SPACE)
            quoted = self.text[self.at] in "\"'"
            raw = self._skip(_STRING if quoted else _BARE_KEY)
            yield tomllib.loads(f"k = {raw}")["k"] if quoted else raw
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                return
            self.at += 1

    def _value(self, place: Place) -> None:
        self._skip(_SPACE)
        start = self.text[self.at]
        if start == "[":
            self._array(place)
        elif start == "{":
            self._inline_table(place)
        else:
            self._skip(_STRING if start in "\"'" else _SCALAR)

    def _array(self, place: Place) -> None:
        index = 0
        while self._another("]"):
            self._mark((*place, index), self._line())
            self._value((*place, index))
            index += 1

    def _inline_table(self, place: Place) -> None:
        while self._another("}"):
            self._pair(place)

    def _another(self, closing: str) -> bool:
        """Step over the opening bracket or comma; False, past the closing one, at the end."""
        self._skip(_BLANK)
        if self.text[self.at] in "[{,":
            self.at += 1
            self._skip(_BLANK)
        if self.text[self.at] != closing:
            return True
        self.at += 1
        return False

    def _mark(self, place: Place, line: int) -> None:
        self.lines.setdefault(place, line)

    def _line(self) -> int:
        return bisect.bisect_left(self._breaks, self.at) + 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        """Move past ``pattern`` and return what it covered."""
        match = pattern.match(self.text, self.at)
        if match is None:  # pragma: no cover - tomllib has accepted the text
            return ""
        self.at = match.end()
        return match.group()
