"""A registry's server named in client.toml is asked over HTTPS, or the file is refused."""

from pathlib import Path

import pytest

from posture import plugins
from posture.client import load_client
from posture.model import Domain
from posture.tomlfile import ConfigErrors

CLIENT = """
[company]
id = "acme"
name = "Acme"
[authorisation]
by = "J. Doe"
covers = ["domains"]
[[domains]]
name = "example.de"
rdap = "{}"
"""


def declared(folder: Path, rdap: str) -> Domain:
    path = folder / "client.toml"
    path.write_text(CLIENT.format(rdap), encoding="utf-8")
    (found,) = load_client(path, plugins.load(third_party=False)).subjects
    assert isinstance(found, Domain)
    return found


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("", ""),
        ("https://rdap.Example.com", "https://rdap.example.com/"),
        ("https://rdap.example.com/", "https://rdap.example.com/"),
        ("https://rdap.example.com:8443/com/v1/", "https://rdap.example.com:8443/com/v1/"),
    ],
)
def test_a_base_url(tmp_path: Path, text: str, base: str) -> None:
    assert declared(tmp_path, text).rdap == base


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1/",
        "https://u:p@rdap.example.com/",
        "https://rdap.example.com/v1",
        "https://rdap.example.com/../",
        "https://rdap.example.com/%2e/",
        "https://rdap.example.com/?key=1",
        "https:///",
        "rdap.example.com",
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigErrors, match="rdap"):
        declared(tmp_path, text)
