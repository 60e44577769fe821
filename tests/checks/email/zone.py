"""Answers questions from zone dictionaries, without a loop."""

from collections.abc import Callable
from functools import cache

from posture.checks.email.check_host import Reply
from posture.model import CollectError
from posture.net import Answer
from posture.testing import FakeResolver
from tests.checks.email.world import Zones


def lookup(zones: Zones) -> Callable[[str, str], Reply]:
    """Answer as ``FakeResolver`` would: its query never waits."""
    resolver = FakeResolver(zones)

    @cache
    def answer(name: str, rdtype: str) -> Reply:
        try:
            resolver.query(name, rdtype).send(None)
        except CollectError as error:
            return error.failed
        except StopIteration as done:
            return done.value.records if isinstance(done.value, Answer) else ()
        raise AssertionError(name)

    return answer
