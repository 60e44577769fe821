"""The grammar of NSEC records in presentation form (RFC 4034 §4.2)."""

from .names import is_askable, normal


class ParseError(ValueError):
    """A text that is no NSEC record, or that names nothing that can be asked for."""


def parse(text: str) -> str:
    """Read ``k1._domainkey.example.com. TXT RRSIG NSEC`` into the next name; raises ParseError.

    Signers that invent names begin them with an octet that no host has (RFC 9824 §3.1): those are
    refused, since nothing stands there.
    """
    following, _, types = text.partition(" ")
    name = normal(following)
    if not types or not following.endswith(".") or not is_askable(name):
        raise ParseError(text[:200])
    return name
