"""Takes from an HTML page what its judges need, and nothing of its text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from .page_facts import Document, Embedded, Form, Script
from .tags import MAX_TAGS, Tag, tags

MAX_ITEMS = 50
MAX_TEXT = 300
MAX_URL = 4096
MAX_POLICY = 4096
_HEAD = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "link",
        "script",
        "style",
        "base",
        "basefont",
        "bgsound",
        "noscript",
        "noframes",
        "template",
    ]
)
_SCRIPTS = frozenset(
    [
        "module",
        "text/javascript",
        "application/javascript",
        "text/ecmascript",
        "application/ecmascript",
        "application/x-javascript",
        "text/x-javascript",
        "text/jscript",
        "text/livescript",
    ]
)
_LOADS = frozenset({"stylesheet", "preload", "modulepreload", "prefetch", "manifest"})
_HERE = ("localhost", "127.0.0.1", "::1")
"""Browsers take the visitor's own computer for safe."""
_PASSIVE = {
    "img": ("src",),
    "audio": ("src",),
    "video": ("src", "poster"),
    "source": ("src",),
    "track": ("src",),
}
_ACTIVE = {"iframe": "src", "frame": "src", "embed": "src", "object": "data"}


def read(text: str, url: str, own: str) -> Document:
    """Read a page found at ``url``; hosts at or beneath the domain ``own`` are the owner's.

    Never raises: any text is a page.
    """
    page = _Page(url=url, own=own)
    for count, tag in enumerate(tags(text), 1):
        page.take(tag)
        page.whole = count < MAX_TAGS
    return page.document()


@dataclass(slots=True)
class _Page:
    """A page in the course of reading."""

    url: str
    own: str
    base: str = ""
    in_head: bool = True
    whole: bool = True
    scripts: int = 0
    handlers: int = 0
    forms: list[Form] = field(default_factory=list)
    """The last one takes the fields that follow while ``in_form``."""
    in_form: bool = False
    foreign: dict[Script, None] = field(default_factory=dict)
    active: dict[Embedded, None] = field(default_factory=dict)
    passive: dict[Embedded, None] = field(default_factory=dict)
    policies: list[str] = field(default_factory=list)
    referrer: list[str] = field(default_factory=list)
    generators: list[str] = field(default_factory=list)

    def take(self, tag: Tag) -> None:
        if tag.end:
            self.in_form = self.in_form and tag.name != "form"
            return
        self.in_head = self.in_head and tag.name in _HEAD
        self._handlers(tag)
        step = _STEPS.get(tag.name)
        if step:
            step(self, tag)
        for name in _PASSIVE.get(tag.name, ()):
            self.embed(self.passive, tag, tag.attributes.get(name, ""))
        for source in _candidates(tag.attributes.get("srcset", "")):
            self.embed(self.passive, tag, source)
        if tag.name in _ACTIVE:
            self.embed(self.active, tag, tag.attributes.get(_ACTIVE[tag.name], ""))

    def _handlers(self, tag: Tag) -> None:
        self.handlers += sum(name.startswith("on") for name in tag.attributes)
        self.handlers += tag.attributes.get("href", "").strip().lower().startswith("javascript:")

    def absolute(self, reference: str) -> str:
        """Return the URL a reference leads to; empty if it is none."""
        try:
            return urljoin(self.base or self.url, reference.strip()[:MAX_URL])
        except ValueError:
            return ""

    def embed(self, kept: dict[Embedded, None], tag: Tag, reference: str) -> None:
        """Keep what is loaded over plain HTTP."""
        url = self.absolute(reference) if reference.strip() else ""
        scheme, host = _target(url)
        if scheme == "http" and host not in _HERE:
            shown = url.partition("#")[0].partition("?")[0]
            kept.setdefault(Embedded(element=tag.name, url=shown[:MAX_TEXT]))

    def document(self) -> Document:
        return Document(
            scripts=self.scripts,
            handlers=self.handlers,
            foreign=tuple(self.foreign)[:MAX_ITEMS],
            forms=tuple(sorted(set(self.forms), key=_password_first))[:MAX_ITEMS],
            active=tuple(self.active)[:MAX_ITEMS],
            passive=tuple(self.passive)[:MAX_ITEMS],
            policies=tuple(self.policies[:MAX_ITEMS]),
            referrer=tuple(self.referrer[:MAX_ITEMS]),
            generators=tuple(self.generators[:MAX_ITEMS]),
            whole=self.whole,
        )


def _password_first(form: Form) -> tuple[bool, str]:
    return not form.password, form.target


def _base(page: _Page, tag: Tag) -> None:
    if not page.base and "href" in tag.attributes:
        page.base = page.absolute(tag.attributes["href"])


def _meta(page: _Page, tag: Tag) -> None:
    content = tag.attributes.get("content", "")
    name = tag.attributes.get("name", "").strip().lower()
    equivalent = tag.attributes.get("http-equiv", "").strip().lower()
    if equivalent == "content-security-policy" and page.in_head:
        page.policies.append(content[: MAX_POLICY + 1])
    if name == "referrer":
        page.referrer.append(content[:MAX_TEXT])
    if name == "generator" and content.strip():
        page.generators.append(_printable(content)[:MAX_TEXT])


def _script(page: _Page, tag: Tag) -> None:
    kind = tag.attributes.get("type", "").partition(";")[0].strip().lower()
    if kind and kind not in _SCRIPTS:
        return
    page.scripts += 1
    reference = tag.attributes.get("src", "")
    if not reference.strip():
        return
    page.embed(page.active, tag, reference)
    scheme, host = _target(page.absolute(reference))
    if scheme in {"http", "https"} and host and not _within(host, page.own):
        digest = tag.attributes.get("integrity", "").strip().lower()
        page.foreign.setdefault(Script(host=host, integrity=digest.startswith("sha")))


def _link(page: _Page, tag: Tag) -> None:
    if _LOADS & set(tag.attributes.get("rel", "").lower().split()):
        page.embed(page.active, tag, tag.attributes.get("href", ""))
    elif "icon" in tag.attributes.get("rel", "").lower():
        page.embed(page.passive, tag, tag.attributes.get("href", ""))


def _form(page: _Page, tag: Tag) -> None:
    page.in_form = True
    page.forms.append(_sends(page, tag.attributes.get("action", "")))


def _field(page: _Page, tag: Tag) -> None:
    kind = tag.attributes.get("type", "").strip().lower()
    if kind == "image":
        page.embed(page.passive, tag, tag.attributes.get("src", ""))
    if "formaction" in tag.attributes:
        page.forms.append(_sends(page, tag.attributes["formaction"]))
    if kind == "password":
        if not page.in_form:  # a script sends it, if anything does
            page.forms.append(_sends(page, ""))
        page.forms[-1] = Form(target=page.forms[-1].target, password=True)


_STEPS: dict[str, Callable[[_Page, Tag], None]] = {
    "base": _base,
    "meta": _meta,
    "script": _script,
    "link": _link,
    "form": _form,
    "input": _field,
    "button": _field,
}


def _sends(page: _Page, action: str) -> Form:
    scheme, host = _target(page.absolute(action) if action.strip() else page.url)
    return Form(target=f"{scheme}://{host}"[:MAX_TEXT] if host else scheme, password=False)


def _target(url: str) -> tuple[str, str]:
    """Scheme and host of a URL; empty where it has none."""
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").removesuffix(".")[:MAX_TEXT]
    except ValueError:
        return "", ""


def _within(host: str, own: str) -> bool:
    return host == own or host.endswith(f".{own}")


def _candidates(srcset: str) -> Iterator[str]:
    for item in srcset.split(",")[:MAX_ITEMS]:
        yield item.strip().partition(" ")[0]


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
