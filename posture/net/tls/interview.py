"""Surveys one server: which questions, in which order, and what follows from the answers.

All versions are asked side by side. What TLS 1.2 accepts is what older versions are asked for
first, one by one, and groups are asked for with suites that are known by then.
"""

import asyncio
from dataclasses import dataclass, field, replace

from posture.net.tcp import Stream
from posture.net.tls import iana, ssl2
from posture.net.tls.asker import PLAINTEXT, SILENT, Asker, Budget, Heard, hung_up, said
from posture.net.tls.conclusions import (
    judge,
    judge_ssl2,
    prefers_later,
    settle,
    unbiased_pair,
)
from posture.net.tls.details import curves, know_groups, weak_signatures
from posture.net.tls.exchange import Dial
from posture.net.tls.facts import Shown, chains, dh_parameters, gather
from posture.net.tls.flight import Flight
from posture.net.tls.hello import ClientHello
from posture.net.tls.questions import (
    FALLBACK_SCSV,
    GROUPS,
    OTHER_SIGNATURES,
    RICH,
    RSA_SIGNATURES,
    SIGNATURES,
    WEAK,
    Questions,
    each,
    lists,
    without,
)
from posture.net.tls.sift import Sifted, Sifter
from posture.net.tls.survey import Order, Spoken, Survey, VersionSurvey
from posture.net.tls.tls13 import Inside, look_inside, question
from posture.net.tls.wire import Alert, Refusal, Version

_CLASSIC = (Version.TLS12, Version.TLS11, Version.TLS10, Version.SSL3)
_INAPPROPRIATE_FALLBACK = 86


async def survey(
    dial: Dial,
    *,
    name: str,
    alpn: tuple[str, ...] = (),
    rank: bool = False,
    budget: Budget | None = None,
) -> Survey:
    """Find out everything a server shows before keys are agreed on, and a little after.

    ``dial`` opens a connection on which TLS may start at once; its CollectErrors count as answers
    that prove nothing, RATE_LIMITED and OUT_OF_SCOPE end the survey. ``name`` goes out as server
    name indication. ``alpn``: application protocols to offer, e.g. ``("h2", "http/1.1")``.
    ``rank``: find a server's whole order of suites, at the cost of a connection for each.
    Never raises for what the server does; CollectError when not one connection could be opened.
    """
    asker = Asker(dial, budget or Budget())
    return await _Interview(asker, Questions(name, alpn), rank=rank).run()


@dataclass(slots=True)
class _Interview:
    asker: Asker
    questions: Questions
    rank: bool
    suites: dict[Version, Sifted] = field(default_factory=dict)
    groups: dict[Version, Sifted] = field(default_factory=dict)
    signatures: list[Sifted] = field(default_factory=list)
    orders: dict[Version, Order] = field(default_factory=dict)
    ranks: dict[Version, tuple[int, ...]] = field(default_factory=dict)
    insides: list[Inside] = field(default_factory=list)
    old: Heard | None = None
    oldest: list[ssl2.Ssl2Hello] = field(default_factory=list)
    fallback: bool | None = None
    retries: bool = True
    """It answers a hello without a key share by a HelloRetryRequest."""

    async def run(self) -> Survey:
        first = await self._inside(SIGNATURES)
        if first.how == PLAINTEXT:
            self.asker.stop(first.detail)
        else:
            await self._everything(first)
            await self._end()
        if not self.asker.peer and self.asker.unreached:
            raise self.asker.unreached
        return self._survey(first)

    async def _everything(self, first: Heard) -> None:
        after = first.depth
        async with asyncio.TaskGroup() as group:
            newest = group.create_task(self._suites12(after))
            group.create_task(self._tls12(newest))
            group.create_task(self._older(after, newest))
            group.create_task(self._tls13(first))
            group.create_task(self._ssl2(after))

    async def _end(self) -> None:
        """Ask what only makes sense when all else is known, and whether we are still welcome."""
        after, since = self.asker.depth, self.asker.connections
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fallback(after))
            group.create_task(self._other_chain())
            for version in self._accepted()[:2]:
                group.create_task(self._order(version, after))
        if not await self.asker.still_good(self.asker.depth, since=since):
            self._doubt("the server had ceased to answer normally")
        elif self.asker.good is None:
            # Refusals alone may be somebody's way of not talking to us at all.
            self._doubt("nothing was accepted at all")

    def _doubt(self, why: str) -> None:
        """Take back every no that was not followed by a yes."""
        for sifted in (*self.suites.values(), *self.groups.values(), *self.signatures):
            sifted.doubt_after(self.asker.last_good, why)

    def _accepted(self) -> list[Version]:
        return [v for v in sorted(self.suites, reverse=True) if self.suites[v].accepted]

    async def _tls13(self, first: Heard) -> None:
        found = await self._suites13(first)
        self.suites[Version.TLS13] = found
        if found.accepted:
            await self._groups13(found)

    async def _suites13(self, first: Heard) -> Sifted:
        pools = lists(Version.TLS13)
        sifter = Sifter(self.asker, self.questions.suites13(retry=True))
        found = await sifter.run(pools, first.depth)
        no = first.alert.refusal if first.alert else None
        if found.accepted or no is Refusal.PROTOCOL_VERSION:
            return found
        # Perhaps it speaks 1.3 but no HelloRetryRequest: ask with a share.
        self.retries = False
        sifter = Sifter(self.asker, self.questions.suites13(retry=False))
        await sifter.run(pools, self.asker.depth)
        if first.flight:
            sifter.know(first.flight.hello.suite, first)
        return sifter.found

    async def _groups13(self, suites: Sifted) -> None:
        sifter = Sifter(self.asker, self.questions.groups13(tuple(suites.accepted)))
        seen = list(suites.accepted.values())
        know_groups(sifter, seen, GROUPS)
        for inside in self.insides:
            sifter.know(inside.group, seen[0])
        self.groups[Version.TLS13] = sifter.found
        if not self.retries:
            why = "it answers no hello without a key share"
            rest = [group for group in GROUPS if group not in sifter.found.accepted]
            sifter.found.unclear.update(dict.fromkeys(rest, why))
            return
        depth = max(heard.depth for heard in seen)
        await sifter.run(sifter.with_siblings(GROUPS), depth)

    async def _other_chain(self) -> None:
        """Ask for the certificate of the other kind; and for any, if that was not seen yet."""
        if Version.TLS13 not in self._accepted():
            return
        others = not self.insides
        if others:
            await self._inside(SIGNATURES, others=True)
        if self.insides and not self._kinds() >= WEAK.keys():
            plain = self.insides[0].signature in RSA_SIGNATURES
            await self._inside(OTHER_SIGNATURES if plain else RSA_SIGNATURES, others=others)

    def _kinds(self) -> set[str]:
        return {chain.kind for chain in chains(self._shown(), self.insides)}

    async def _inside(self, signatures: tuple[int, ...], *, others: bool = False) -> Heard:
        """Shake hands once, as far as the certificate."""
        hello = question(
            self.questions.host,
            signatures=signatures,
            alpn=self.questions.protocols,
            others=others,
        )
        hello = self.questions.restricted(hello, signatures)

        async def look(stream: Stream) -> Heard:
            found = await look_inside(stream, hello, patience=self.asker.budget.patience)
            if isinstance(found, Inside):
                self.insides.append(found)
                return Heard(flight=Flight(hello=found.hello))
            return hung_up() if found is None else said(found)

        return await self.asker.converse(look, self.asker.depth)

    async def _suites12(self, after: int) -> Sifted:
        sifter = Sifter(self.asker, self.questions.suites(Version.TLS12))
        self.suites[Version.TLS12] = await sifter.run(lists(Version.TLS12), after)
        return self.suites[Version.TLS12]

    async def _tls12(self, newest: asyncio.Task[Sifted]) -> None:
        found = await newest
        async with asyncio.TaskGroup() as group:
            group.create_task(self._curves(Version.TLS12, found))
            for kind in WEAK:
                group.create_task(self._weak_signatures(kind, found))

    async def _older(self, after: int, newest: asyncio.Task[Sifted]) -> None:
        """Go down the versions.

        Alert 70 speaks of one of them: GnuTLS with TLS 1.0 on and 1.1 off sends it to a hello
        of 1.1 instead of choosing 1.0.
        """
        dying: set[int] = set()
        refused = False  # the version before: by the alert that means the version and no list
        async with asyncio.TaskGroup() as group:
            for version in _CLASSIC[1:]:
                sifter = Sifter(self.asker, self.questions.suites(version))
                self.suites[version] = sifter.found
                pools = without(lists(version), dying)
                heard = await sifter.ask(pools[0], after)
                after = max(after, heard.depth)
                if not sifter.take(pools[0], heard):
                    rest = sifter.run([*pools[1:], *each(dying)], after, (pools[0], heard))
                    if heard.how == SILENT:  # others need not wait for what may take a minute
                        group.create_task(rest)
                        continue
                    await rest
                elif sifter.found.accepted:
                    group.create_task(self._rest(version, sifter, newest, {*dying}))
                    continue
                elif sifter.found.older or (refused and sifter.found.version_refused):
                    sifter.take(tuple(iana.of_version(version)), heard)
                else:
                    await sifter.run([*pools[1:], *each(dying)], after)
                refused = sifter.found.version_refused
                dying |= sifter.found.dying

    async def _rest(
        self,
        version: Version,
        sifter: Sifter,
        newest: asyncio.Task[Sifted],
        dying: set[int],
    ) -> None:
        """Ask for the suites known from TLS 1.2 one by one, and for all others together."""
        after = max(heard.depth for heard in sifter.found.accepted.values())
        likely = dying | {s for s in (await newest).accepted if s in iana.of_version(version)}
        rest = without(lists(version), likely)
        if not likely:
            rest = [part for pool in rest for part in sifter.with_siblings(pool)]
        await sifter.run([*each(likely), *rest], after)
        if not (await newest).accepted:
            await self._curves(version, sifter.found)

    async def _curves(self, version: Version, found: Sifted) -> None:
        if version is Version.SSL3 or any(known < Version.TLS13 for known in self.groups):
            return
        settled = await curves(self.asker, self.questions, version, found)
        if settled:
            self.groups[version] = settled

    async def _weak_signatures(self, kind: str, found: Sifted) -> None:
        settled = await weak_signatures(self.asker, self.questions, kind, found)
        if settled:
            self.signatures.append(settled)

    async def _ssl2(self, after: int) -> None:
        async def look(stream: Stream) -> Heard:
            answer = await ssl2.ask(stream)
            if isinstance(answer, ssl2.Ssl2Hello):
                self.oldest.append(answer)
            if isinstance(answer, Alert):
                return said(answer)
            return Heard(how="spoken", detail=f"sent {answer}") if answer else hung_up()

        self.old = await self.asker.converse(look, after)

    async def _fallback(self, after: int) -> None:
        """RFC 7507: a server that knows better must refuse a hello marked as second choice."""
        accepted = self._accepted()
        lower = [version for version in accepted[1:] if version in _CLASSIC]
        if not lower:
            return
        suites = (*self.suites[lower[0]].accepted, FALLBACK_SCSV)
        heard = await self.asker.ask(self.questions.classic(lower[0], suites), after)
        if heard.flight:
            self.fallback = False
        elif heard.alert and heard.alert.code == _INAPPROPRIATE_FALLBACK:
            self.fallback = True

    async def _order(self, version: Version, after: int) -> None:
        """Offer two suites with the one first that the server did not prefer."""
        found = self.suites[version]
        pair = unbiased_pair(found)
        if prefers_later(found):
            self.orders[version] = Order.SERVER
        elif pair is not None:
            heard = await self.asker.ask(self._hello(version, pair[::-1]), after)
            if heard.flight and heard.flight.hello.suite in pair:
                again = heard.flight.hello.suite == pair[0]
                self.orders[version] = Order.SERVER if again else Order.CLIENT
        if self.rank and self.orders.get(version) is Order.SERVER:
            await self._rank(version)

    async def _rank(self, version: Version) -> None:
        """Offer what it accepts again and again, each time without what it has chosen."""
        left = list(self.suites[version].accepted)
        ranked: list[int] = []
        while left:
            heard = await self.asker.ask(self._hello(version, tuple(left)), self.asker.depth)
            chosen = heard.flight.hello.suite if heard.flight else None
            if chosen not in left:
                return
            left.remove(chosen)
            ranked.append(chosen)
        self.ranks[version] = tuple(ranked)

    def _hello(self, version: Version, suites: tuple[int, ...]) -> ClientHello:
        if version is Version.TLS13:
            return self.questions.suites13(retry=self.retries).hello(suites)
        return self.questions.classic(version, suites)

    def _shown(self) -> list[Shown]:
        """All answers up to TLS 1.2."""
        shown = [
            Shown(flight=heard.flight, everything=len(found.offered.get(suite, ())) >= RICH)
            for version, found in self.suites.items()
            for suite, heard in found.accepted.items()
            if heard.flight and version < Version.TLS13
        ]
        shown += [
            Shown(flight=heard.flight, everything=False)
            for version, found in self.groups.items()
            for heard in found.accepted.values()
            if heard.flight and version < Version.TLS13
        ]
        return shown

    def _survey(self, first: Heard) -> Survey:
        shown = self._shown()
        inside = self.insides[0] if self.insides else None
        return Survey(
            name=self.questions.host,
            address=self.asker.peer,
            spoken=self._spoken(first),
            detail=self.asker.stopped,
            versions=self._versions(),
            groups={version.label: settle(found) for version, found in self.groups.items()},
            signatures=settle(*self.signatures),
            chains=chains(shown, self.insides),
            dh=dh_parameters(shown),
            facts=gather(shown, inside, fallback=self.fallback, alpn=bool(self.questions.alpn)),
            connections=self.asker.connections,
            rounds=self.asker.depth,
            degraded=self.asker.degraded,
        )

    def _spoken(self, first: Heard) -> Spoken:
        if self.asker.understood:
            return Spoken.TLS
        return Spoken.PLAINTEXT if first.how == PLAINTEXT else Spoken.NOTHING

    def _versions(self) -> dict[str, VersionSurvey]:
        alive = bool(self._accepted()) and not self.asker.degraded
        found = {ssl2.LABEL: judge_ssl2(self.old, self.oldest, alive=alive)}
        for version in Version:
            order = self.orders.get(version, Order.INCONCLUSIVE)
            seen = judge(self.suites.get(version), order, self.asker.stopped)
            found[version.label] = replace(seen, suites=self.ranks.get(version, seen.suites))
        return found
