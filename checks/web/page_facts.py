"""What the front page of a web site shows: never its text, only what its judges need."""

from posture.model import fact, record


@record
class Field:
    """One response header, as sent."""

    name: str
    """In lower case."""
    value: str


@record
class Cookie:
    """One Set-Cookie header without its value (RFC 6265)."""

    name: str
    """A name that is too long to be one is replaced by its SHA-256."""
    secure: bool
    http_only: bool
    same_site: str
    """``strict``, ``lax`` or ``none``; empty when none of these was said."""
    path: str
    domain: bool
    """It names a Domain, so other hosts receive it too."""
    session: bool
    """Its name is one that log-ins and sessions have."""


@record
class Embedded:
    """Something a page loads: the element and the URL without its query."""

    element: str
    url: str


@record
class Script:
    """A script from somebody else's host."""

    host: str
    integrity: bool
    """The element carries a digest that browsers compare (Subresource Integrity)."""


@record
class Form:
    """Where a form sends what is typed into it."""

    target: str
    """Scheme and host."""
    password: bool


@record
class Document:
    """What a page is made of."""

    scripts: int
    """Script elements that browsers run."""
    handlers: int
    """Attributes such as onclick, and javascript: links."""
    foreign: tuple[Script, ...] = ()
    forms: tuple[Form, ...] = ()
    active: tuple[Embedded, ...] = ()
    """What is loaded over plain HTTP and can change the page: scripts, styles, frames."""
    passive: tuple[Embedded, ...] = ()
    """What is loaded over plain HTTP and is only shown: pictures, sound, video."""
    policies: tuple[str, ...] = ()
    """Content-Security-Policy in ``meta`` elements of the head."""
    referrer: tuple[str, ...] = ()
    """Referrer policies in ``meta`` elements."""
    generators: tuple[str, ...] = ()
    """What the page says it was made with."""
    whole: bool = True
    """False: the page is larger than what was read of it."""


@fact("web.page")
class LandingPage:
    """The front page over HTTPS, after redirects on the same host and port."""

    asked: str
    """The URL that was asked for first."""
    first_status: int
    transport: tuple[str, ...]
    """Strict-Transport-Security headers of the first answer."""
    registered: bool
    """The host is a registered domain itself, not a name beneath one."""
    url: str
    """Where the page was found."""
    status: int
    leads_to: str
    """A redirect that was not followed: another host, plain HTTP, a circle; else empty."""
    media_type: str
    """Lower case, without parameters."""
    headers: tuple[Field, ...] = ()
    """Headers about security and software of the page's own answer, in order."""
    cookies: tuple[Cookie, ...] = ()
    """Set by any of the answers."""
    document: Document | None = None
    """None: the answer is no HTML page."""
    failed: str = ""
    """Why a redirect on the same host could not be followed; empty if all was well."""


@fact("web.security_txt")
class SecurityTxt:
    """What the site says about where to report a weakness (RFC 9116)."""

    url: str
    status: int
    found: bool
    """There is a text file. False: the server says that there is none, or shows a page instead."""
    problem: str = ""
    """Why the text breaks the grammar; empty if it does not."""
    contacts: tuple[str, ...] = ()
    """Schemes and hosts of the contacts; never an address of a person."""
    expires: str = ""
    """Date and time as sent; empty if there is none."""
    signed: bool = False
