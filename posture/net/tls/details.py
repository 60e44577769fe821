"""What is asked once suites are known: curves before TLS 1.3, and signatures that are too weak."""

from collections.abc import Container, Iterable
from dataclasses import replace

from posture.net.tls import iana
from posture.net.tls.asker import Asker, Heard
from posture.net.tls.conclusions import certificate_curve
from posture.net.tls.flight import Flight
from posture.net.tls.questions import CURVES, WEAK, Questions
from posture.net.tls.sift import Dimension, Sifted, Sifter
from posture.net.tls.wire import Version

_ON_CURVES = {"ECDHE_RSA", "ECDHE_ECDSA"}


async def curves(
    asker: Asker, questions: Questions, version: Version, found: Sifted
) -> Sifted | None:
    """Ask for curves with a suite whose key exchange is on one; None: no such suite is accepted."""
    suites = [suite for suite in found.accepted if iana.key_exchange(suite) in _ON_CURVES]
    if not suites:
        return None
    suite = min(suites, key=lambda number: iana.key_exchange(number) != "ECDHE_RSA")
    flight = found.accepted[suite].flight
    beside = certificate_curve(flight) if iana.key_exchange(suite) == "ECDHE_ECDSA" else None
    dimension = questions.curves(version, suite, beside)
    after = max(heard.depth for heard in found.accepted.values())
    if beside is not None and await _by_our_order(asker, dimension, flight, after):
        dimension = replace(dimension, last_resort=beside)
    sifter = Sifter(asker, dimension)
    know_groups(sifter, [found.accepted[number] for number in suites], CURVES)
    return await sifter.run(sifter.with_siblings(CURVES), after)


async def weak_signatures(
    asker: Asker, questions: Questions, kind: str, found: Sifted
) -> Sifted | None:
    """Ask a server with a key of ``kind`` to sign with SHA-1 and older; None: it signs nothing."""
    methods = {f"ECDHE_{kind}", f"DHE_{kind}"}
    suites = tuple(suite for suite in found.accepted if iana.key_exchange(suite) in methods)
    if not suites:
        return None
    sifter = Sifter(asker, questions.signatures(suites))
    after = max(found.accepted[suite].depth for suite in suites)
    for suite in suites:
        flight = found.accepted[suite].flight
        if flight and flight.key and flight.key.signature is not None:
            sifter.know(flight.key.signature, found.accepted[suite])
    return await sifter.run([WEAK[kind]], after)


def know_groups(sifter: Sifter, seen: Iterable[Heard], among: Container[int]) -> None:
    """Take the groups that answers about something else were given with for accepted."""
    for heard in seen:
        group = heard.flight.group if heard.flight else None
        if group is not None and group in among:
            sifter.know(group, heard)


async def _by_our_order(
    asker: Asker, dimension: Dimension, flight: Flight | None, after: int
) -> bool:
    """Whether a server takes the certificate's curve because that is offered first.

    It has passed it over for one that stood before it when all were offered.
    """
    chosen = flight.group if flight else None
    if chosen is None or chosen not in CURVES or dimension.hello((chosen,)).groups == (chosen,):
        return False
    hello = dimension.hello((chosen,))
    heard = await asker.ask(replace(hello, groups=hello.groups[::-1]), after)
    return heard.flight is not None and heard.flight.group == hello.groups[-1]
