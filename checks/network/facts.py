"""What the network area can see."""

from posture.model import fact, record


@fact("network.alive")
class AliveHosts:
    """Which addresses of a declared network are in use."""

    addresses: tuple[str, ...]
    """Addresses that accepted or refused a connection, ascending. One that dropped everything is
    not among them, in use or not."""
    tried: int
    """How many addresses were tried."""


@fact("network.ports")
class PortScan:
    """What every curated port of one address answered to a connection attempt."""

    open: tuple[int, ...]
    """Ports that accepted a connection, ascending."""
    closed: tuple[int, ...]
    """Ports that refused."""
    silent: tuple[int, ...]
    """Ports that did not answer in two tries: filtered, or nobody is there."""
    blocked: bool = False
    """A port that had answered was silent in the end: the host, or a firewall before it, shut the
    scan out, and nobody knows from which port on."""

    @property
    def host_alive(self) -> bool:
        """Something answered, so silence elsewhere is a firewall's and not an empty address's."""
        return bool(self.open or self.closed)


@record
class Product:
    """What nmap takes the service on one port to be. Its words come from the scanned party."""

    port: int
    """TCP port."""
    service: str
    """Protocol name, e.g. ``ssh``; empty when nmap does not know."""
    product: str
    """Product name, e.g. ``OpenSSH``; empty when nmap does not know."""
    version: str
    """Version as announced; empty when none was."""

    @property
    def text(self) -> str:
        """Product and version for a reader, or the protocol, or nothing."""
        return f"{self.product} {self.version}".strip() or self.service


@fact("network.products")
class Products:
    """What nmap recognised on the open ports of one address."""

    items: tuple[Product, ...]
    """One entry per recognised port, ascending."""
    left_alone: bool
    """A printer or controller port is open, so nothing was sent and ``items`` is empty."""
