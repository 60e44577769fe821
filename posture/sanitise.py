"""Makes what a scanned party wrote harmless for the place where it is shown.

Banners, DNS strings, certificate names and display names are hostile. Escaping for HTML is the
template engine's business and quoting for CSV the writer's; here goes what both let through:
control characters, text direction, invisible characters, formulas, links that run.
"""

import re
import unicodedata

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""Letters and marks that print nothing, so that two different names would look alike."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""General categories of controls, formatting (bidi, zero width, tags), surrogates, separators."""
_PLAIN = re.compile(r"[\n -~]*\Z")
# Where the semicolon is the list separator, a spreadsheet parts cells there and at line feeds,
# whatever the quotes around a cell say; those that it then finds at the front are dropped.
_FORMULA = re.compile(r'(\A|[;\n])(?=[\s"]*[=+\-@|%\uff1d\uff0b\uff0d\uff20␉␍])')
_LINK = re.compile(r"(?:https?://|mailto:)[!#-;=?-\[\]_a-z~]+\Z", re.IGNORECASE)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)
_FILENAME_LIMIT = 80


def visible(text: str) -> str:
    """Return ``text`` with everything invisible spelled out; a line feed stays a line feed.

    C0 controls become their pictures (``␛``), all others their code point (``‹U+202E›``).
    """
    if _PLAIN.match(text):
        return text
    return "".join(map(_shown, text))


def for_terminal(text: str) -> str:
    """Return ``text`` without anything that a terminal would obey."""
    return visible(text)


def for_html(text: str) -> str:
    """Return ``text`` without controls and direction marks; the template still escapes it."""
    return visible(text)


def for_csv(cell: str) -> str:
    """Return ``cell`` so that no spreadsheet takes it for a formula."""
    return _FORMULA.sub(r"\1'", visible(cell))


def for_filename(text: str) -> str:
    """Return a file name for every system: ASCII letters, digits, dot, hyphen, underscore.

    Two texts may give the same name: it is for reading, not for telling apart.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    name = re.sub(r"[^A-Za-z0-9._]+", "-", plain)[:_FILENAME_LIMIT].strip(".-_")
    if not name:
        return "unnamed"
    return f"x-{name}" if _RESERVED.match(name) else name


def safe_url(text: str) -> str | None:
    """Return ``text`` if it may stand in an ``href``: http, https or mailto, printable ASCII."""
    return text if _LINK.match(text) else None


def _shown(character: str) -> str:
    code = ord(character)
    if code >= 0x20 and not _hides(character):
        return character
    if character == "\n":
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    return f"‹U+{code:04X}›"


def _hides(character: str) -> bool:
    if unicodedata.category(character) in _HIDDEN or character in _BLANK:
        return True
    code = ord(character)
    # Variation selectors beyond the first sixteen carry data that nobody sees; the last two code
    # points of every plane are no characters at all, and no XML may hold them.
    return 0xE0100 <= code <= 0xE01EF or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
