from __future__ import annotations

import copy
import json
import os
import pickle
import resource
import sys
import types
from typing import TYPE_CHECKING

import msgspec
import pytest

from posture import platforms
from posture.model import CollectError, Reason, SecretRef
from posture.secrets import MAX_BYTES, Secret, Secrets
from posture.testing import FakeSecrets

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-7f3a"


def refused(ref: SecretRef, base: Path | None = None) -> str:
    with pytest.raises(CollectError) as caught:
        Secrets(base).get(ref)
    assert caught.value.reason is Reason.NO_CREDENTIAL
    assert CANARY not in str(caught.value)
    return caught.value.detail


def file(folder: Path, text: str | bytes = CANARY, mode: int = 0o600) -> SecretRef:
    path = folder / "secret.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return SecretRef(file="secret.txt")


def test_a_secret_shows_itself_only_when_told_to() -> None:
    secret = Secret(CANARY)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        repr([secret]),
        repr(dir(secret)),
    ]
    assert CANARY not in " ".join(shown)
    assert secret.reveal() == CANARY


def test_a_secret_is_not_written_anywhere() -> None:
    secret = Secret(CANARY)
    for write in (pickle.dumps, json.dumps, msgspec.json.encode, vars, hash):
        with pytest.raises(TypeError) as caught:
            write(secret)
        assert CANARY not in str(caught.value)


def test_a_secret_stays_the_same_when_what_holds_it_is_copied() -> None:
    secret = Secret(CANARY)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_secrets_are_compared_by_value() -> None:
    assert Secret("ä") == Secret("ä")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTURE_TEST_SECRET", CANARY)
    assert Secrets().get(SecretRef(env="POSTURE_TEST_SECRET")).reveal() == CANARY
    monkeypatch.setenv("POSTURE_TEST_SECRET", "")
    assert "is empty" in refused(SecretRef(env="POSTURE_TEST_SECRET"))
    monkeypatch.delenv("POSTURE_TEST_SECRET")
    assert "is not set" in refused(SecretRef(env="POSTURE_TEST_SECRET"))


@pytest.mark.parametrize("text", [CANARY, CANARY + "\n", CANARY + "\r\n"])
def test_from_a_file_beside_the_client_file(tmp_path: Path, text: str) -> None:
    assert Secrets(tmp_path).get(file(tmp_path, text)).reveal() == CANARY


def test_only_the_last_line_end_is_not_part_of_it(tmp_path: Path) -> None:
    assert Secrets(tmp_path).get(file(tmp_path, " a\nb \n\n")).reveal() == " a\nb \n"


def test_from_a_file_by_its_whole_path_or_through_a_link(tmp_path: Path) -> None:
    file(tmp_path)
    path = tmp_path / "secret.txt"
    assert Secrets().get(SecretRef(file=str(path))).reveal() == CANARY
    (tmp_path / "link").symlink_to(path)
    assert Secrets(tmp_path).get(SecretRef(file="link")).reveal() == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_others_can_open_holds_no_secret(tmp_path: Path, mode: int) -> None:
    assert "chmod 600" in refused(file(tmp_path, mode=mode), tmp_path)


def test_nor_does_another_user_s_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = file(tmp_path)
    owner = (tmp_path / "secret.txt").stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        os.chown(tmp_path / "secret.txt", 12345, -1)
    assert "another user" in refused(ref, tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * (MAX_BYTES + 1), "64 kB"),
    ],
)
def test_a_file_that_holds_something_else(tmp_path: Path, text: bytes, words: str) -> None:
    assert words in refused(file(tmp_path, text), tmp_path)


def test_what_is_no_file_does_not_hold_us(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "regular file" in refused(SecretRef(file="pipe"), tmp_path)
    assert "regular file" in refused(SecretRef(file="."), tmp_path)
    assert "No such file" in refused(SecretRef(file="missing"), tmp_path)
    assert "not a file name" in refused(SecretRef(file="a\0b"), tmp_path)


def command(code: str) -> SecretRef:
    return SecretRef(command=(sys.executable, "-c", code))


def test_from_a_command() -> None:
    assert Secrets().get(command(f"print({CANARY!r})")).reveal() == CANARY


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (f"import sys; print({CANARY!r}); sys.exit(2)", "code 2"),
        (f"import sys; print({CANARY!r}, file=sys.stderr)", "is empty"),
        (f"print({CANARY!r} * 9999)", "more than"),
    ],
)
def test_a_command_that_gives_none(code: str, words: str) -> None:
    assert words in refused(command(code))


def test_a_command_that_is_not_there() -> None:
    assert "not installed" in refused(SecretRef(command=("no-such-program-here",)))


def test_a_command_is_run_once(tmp_path: Path) -> None:
    count = tmp_path / "count"
    ref = command(f"print('x', file=open({str(count)!r}, 'a')); print('s')")
    secrets = Secrets()
    assert [secrets.get(ref).reveal() for _ in range(3)] == ["s"] * 3
    assert count.read_text() == "x\n"


def keyring(monkeypatch: pytest.MonkeyPatch, known: dict[tuple[str, str], str]) -> None:
    module, errors = types.ModuleType("keyring"), types.ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})  # type: ignore[attr-defined]

    def get_password(service: str, user: str) -> str | None:
        if service == "locked":
            raise errors.KeyringError(CANARY)
        return known.get((service, user))

    module.get_password = get_password  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


def test_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring(monkeypatch, {("posture", "acme/graph"): CANARY})
    assert Secrets().get(SecretRef(keyring="posture/acme/graph")).reveal() == CANARY
    assert "no entry" in refused(SecretRef(keyring="posture/other"))
    assert "KeyringError" in refused(SecretRef(keyring="locked/x"))


def test_without_the_keyring_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "keyring extra" in refused(SecretRef(keyring="posture/x"))


def test_a_reference_to_nothing() -> None:
    assert "names no source" in refused(SecretRef())


def test_fake_secrets_know_what_they_are_given() -> None:
    known = FakeSecrets({"A": "1", "f": "2", "k": "3", "op": "4"})
    refs = [
        SecretRef(env="A"),
        SecretRef(file="f"),
        SecretRef(keyring="k"),
        SecretRef(command=("op",)),
    ]
    assert [known.get(ref).reveal() for ref in refs] == ["1", "2", "3", "4"]
    with pytest.raises(CollectError):
        known.get(SecretRef(env="B"))


def test_children_see_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTURE_TEST_SECRET", CANARY)
    monkeypatch.delenv("PATH")
    made = platforms.child_environment({"X": "y", "LANG": "C"})
    assert set(made) <= {"PATH", "HOME", "LANG", "TZ", "X"}
    assert (made["PATH"], made["LANG"], made["TZ"]) == (os.defpath, "C", "UTC")


def test_the_limit_of_open_files_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = platforms.open_file_limit()
    assert limit is None or limit > 0
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert platforms.open_file_limit() is None


def test_killing_what_has_ended_is_no_error() -> None:
    platforms.kill_group(2**22 + 1)
