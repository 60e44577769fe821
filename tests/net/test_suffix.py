from __future__ import annotations

import pytest

from posture.net.suffix import is_registry, registrable


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("www.example.com", "example.com"),
        ("example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("shop.azurewebsites.net", "shop.azurewebsites.net"),
        ("_dmarc.example.com", "example.com"),
        ("_spf._x.example.com", "example.com"),
        ("deep.lab.example", "lab.example"),
        ("_dmarc.com", ""),
        ("co.uk", ""),
        ("com", ""),
        (".", ""),
    ],
)
def test_registration_begins_below_the_public_suffix(name: str, expected: str) -> None:
    assert registrable(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("com", True),
        ("co.uk", True),
        ("example.com", False),
        # A company's suffix, below which it owns everything itself.
        ("github.io", False),
        ("lan", False),
        ("", False),
        (".com", False),
        ("a" * 70 + ".com", False),
    ],
)
def test_only_registries_count(name: str, *, expected: bool) -> None:
    assert is_registry(name) is expected
