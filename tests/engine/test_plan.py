from posture.model import ACTIVE, Host, View
from posture.plan import announce, plan
from tests.engine import toy


def test_only_what_the_rules_need_is_planned() -> None:
    made = plan(toy.registry(), ["toy.page.green"], frozenset())
    assert [c.name for c in made.collectors] == ["toy.names", "toy.page"]
    assert [d.name for d in made.discoverers] == ["toy.sites"]
    assert made.not_tested == ()


def test_what_nobody_consented_to_is_not_tested() -> None:
    made = plan(toy.registry(), ["toy.door.shut"], frozenset())
    assert (made.checks, made.collectors) == ((), ())
    assert [c.id for c in made.not_tested] == ["toy.door.shut"]
    assert plan(toy.registry(), ["toy.door.shut"], frozenset({ACTIVE})).not_tested == ()


def test_a_dry_run_names_targets_and_rules() -> None:
    made = plan(toy.registry(), ["toy.page.green", "toy.door.shut"], frozenset({ACTIVE}))
    host = Host(address="192.0.2.1", view=View.EXTERNAL)
    lines = announce(made, [toy.COMPANY, toy.DOMAIN, host])
    assert [(line.target, line.traffic, line.consent) for line in lines] == [
        ("a.example", "asks for the names of a.example", None),
        ("192.0.2.1", "pushes the door of 192.0.2.1", ACTIVE),
        ("each site of a.example", "looks at https://‹host›/", None),
    ]
    assert lines[-1].needs == ("an eye",)


def test_what_cannot_be_found_is_not_announced() -> None:
    made = plan(toy.registry(), ["toy.page.green"], frozenset())
    assert announce(made, [toy.COMPANY]) == []
