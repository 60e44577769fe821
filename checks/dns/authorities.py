"""The names under which certificate authorities look for themselves in CAA records.

Each authority publishes them in its certification practice statement (CA/Browser Forum baseline
requirements §2.2). Listed are authorities that business web sites commonly use, written down from
general knowledge and not yet checked against the statements; one that is not here is not judged,
and a record that names anybody unlisted is never read as an exclusion.
"""

import re

AS_OF = "2026-11"
_SECTIGO = frozenset(
    {"sectigo.com", "comodo.com", "comodoca.com", "usertrust.com", "trust-provider.com"}
)
_DIGICERT = frozenset(
    {
        *("digicert.com", "www.digicert.com", "digicert.ne.jp", "cybertrust.ne.jp"),
        *("symantec.com", "thawte.com", "geotrust.com", "rapidssl.com", "volusion.com"),
        *("stratossl.com", "1and1.com", "quovadisglobal.com"),
    }
)
_AMAZON = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})
_GODADDY = frozenset({"godaddy.com", "starfieldtech.com"})

# By the organisation in the name of the certificate that signs, lower case.
_NAMES: dict[str, frozenset[str]] = {
    "let's encrypt": frozenset({"letsencrypt.org"}),
    "google trust services": frozenset({"pki.goog", "google.com"}),
    "google trust services llc": frozenset({"pki.goog", "google.com"}),
    "digicert inc": _DIGICERT,
    "digicert, inc.": _DIGICERT,
    "sectigo limited": _SECTIGO,
    "comodo ca limited": _SECTIGO,
    "zerossl": _SECTIGO,
    "globalsign nv-sa": frozenset({"globalsign.com"}),
    "amazon": _AMAZON,
    "godaddy.com, inc.": _GODADDY,
    "starfield technologies, inc.": _GODADDY,
    "ssl corporation": frozenset({"ssl.com"}),
    "ssl corp": frozenset({"ssl.com"}),
    "buypass as-983163327": frozenset({"buypass.com", "buypass.no"}),
    "asseco data systems s.a.": frozenset({"certum.pl", "certum.eu"}),
    "actalis s.p.a.": frozenset({"actalis.it"}),
    "identrust": frozenset({"identrust.com"}),
    "swisssign ag": frozenset({"swisssign.com", "swisssign.net"}),
    "hellenic academic and research institutions ca": frozenset({"harica.gr"}),
}
LISTED = frozenset[str]().union(*_NAMES.values())
"""Every name whose authority is known, so that it is also known whom it does not mean."""
_ORGANISATION = re.compile(r"(?:\A|(?<!\\)[,+])O=((?:\\.|[^,+\\])*)")
_ESCAPED = re.compile(r"\\(.)")


def organisation(name: str) -> str:
    """Read the organisation out of a distinguished name (RFC 4514); empty if it has none."""
    found = _ORGANISATION.search(name)
    return _ESCAPED.sub(r"\1", found[1]) if found else ""


def names_of(issuer: str) -> frozenset[str]:
    """Return the CAA names of the authority that bears this distinguished name; empty: not known.

    One whose organisation is itself a domain name is known by that.
    """
    known = organisation(issuer).lower()
    own = frozenset({known}) if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", known) else frozenset()
    return _NAMES.get(known, own)
