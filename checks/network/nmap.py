"""nmap's command line and its XML. No I/O: ``collect_nmap`` runs the program.

python-nmap's analyser reads the XML. Its ``scan`` is never used: it splits a target string into
options of nmap, and so lets a string run code.
"""

from collections.abc import Sequence
from typing import Any

from .facts import Product

LONGEST = 200
"""Characters kept of a word that the scanned party chose."""


class ParseError(ValueError):
    """What nmap printed is not a complete, plain report of one run."""


def command(ports: Sequence[int], target_file: str, *, ipv6: bool) -> list[str]:
    """The argument vector: versions of the given open TCP ports of the addresses in a file.

    There is no ``--host-timeout``, which discards what was found, and no script.
    """
    return [
        "nmap",
        *(["-6"] if ipv6 else []),
        *("-oX", "-", "--noninteractive", "-n", "-Pn", "-sT", "-sV", "--version-light"),
        *("-p", ",".join(str(port) for port in ports)),
        *("-iL", target_file),
    ]


def parse(data: bytes, address: str, ports: Sequence[int]) -> tuple[Product, ...]:
    """What was recognised on ``ports`` of ``address``; raises ParseError and nothing else."""
    report = _analyse(_text(data))
    found = report["scan"].get(address, {}).get("tcp", {})
    products = (_product(port, found[port]) for port in sorted(set(ports) & set(found)))
    return tuple(product for product in products if product is not None)


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ParseError("the report is not UTF-8") from None
    if "<!ENTITY" in text:
        raise ParseError("the report declares an entity; nmap's own never does")
    return text


def _analyse(text: str) -> dict[str, Any]:
    from nmap import PortScanner, PortScannerError

    # Its constructor would search for nmap and run it; the analyser needs none of that.
    analyser = PortScanner.__new__(PortScanner)
    try:
        report: dict[str, Any] = analyser.analyse_nmap_xml_scan(nmap_xml_output=text)
    except (PortScannerError, AttributeError, TypeError, ValueError):
        # The latter three: XML that is well formed and lacks what a finished run has.
        raise ParseError("the report is cut off or is not nmap's") from None
    return report


def _product(port: int, found: dict[str, Any]) -> Product | None:
    """One port; None unless a probe recognised something (a name alone is guessed by number)."""
    if found["state"] != "open" or not found["product"]:
        return None
    return Product(
        port=port,
        service=(found["name"] or "")[:LONGEST],
        product=found["product"][:LONGEST],
        version=found["version"][:LONGEST],
    )
