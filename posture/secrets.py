"""Where secrets come from. A secret is fetched when it is needed, and it never prints itself."""

import asyncio
import hmac
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Self

from posture.model import CollectError, Reason, SecretRef
from posture.platforms import OPEN_SECRET, exposed

MAX_BYTES = 64 * 1024
COMMAND_SECONDS = 30.0


class Secret:
    """A value that only :meth:`reveal` shows; printing it does not, and it cannot be pickled."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        """Keep ``value``."""
        self.__value = value

    def reveal(self) -> str:
        """Return the value, to be handed to its one receiver."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        message = "a secret is not written anywhere"
        raise TypeError(message)


class Secrets:
    """Fetches what a ``SecretRef`` names, once per run."""

    def __init__(self, base: Path | None = None) -> None:
        """Resolve relative file names against ``base``, the folder of the client file."""
        self._base = base or Path()
        self._lock = threading.Lock()
        self._known: dict[SecretRef, Secret] = {}

    def get(self, ref: SecretRef) -> Secret:
        """Return the secret; raise ``CollectError(NO_CREDENTIAL)`` where there is none."""
        with self._lock:
            if ref not in self._known:
                self._known[ref] = Secret(self._fetch(ref))
            return self._known[ref]

    def _fetch(self, ref: SecretRef) -> str:
        value, source = self._read(ref)
        value = value.removesuffix("\n").removesuffix("\r")
        if not value:
            raise _missing(f"{source} is empty")
        return value

    def _read(self, ref: SecretRef) -> tuple[str, str]:
        if ref.env is not None:
            return _from_environment(ref.env), f"environment variable {ref.env}"
        if ref.file is not None:
            path = self._base / Path(ref.file).expanduser()
            return _from_file(path), f"file {ref.file}"
        if ref.keyring is not None:
            return _from_keyring(ref.keyring), f"keyring entry {ref.keyring}"
        if ref.command:
            return _from_command(ref.command), f"output of {ref.command[0]}"
        raise _missing("the reference names no source")


def _missing(detail: str) -> CollectError:
    return CollectError(Reason.NO_CREDENTIAL, detail)


def _from_environment(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise _missing(f"environment variable {name} is not set") from None


def _from_file(path: Path) -> str:
    try:
        handle = os.open(path, OPEN_SECRET)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "is not a file name"
        raise _missing(f"file {path}: {why}") from None
    try:
        if why := exposed(os.fstat(handle)):
            raise _missing(f"file {path} {why}")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return _text(file.read(MAX_BYTES + 1), f"file {path}")
    finally:
        os.close(handle)


def _text(data: bytes, source: str) -> str:
    if len(data) > MAX_BYTES:
        raise _missing(f"{source} is larger than {MAX_BYTES // 1024} kB")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _missing(f"{source} is not UTF-8 text") from None


def _from_keyring(entry: str) -> str:
    service, _, user = entry.partition("/")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise _missing(
            "the keyring extra is not installed (pip install smb-posture[keyring])"
        ) from None
    try:
        value: str | None = keyring.get_password(service, user)
    except KeyringError as error:
        raise _missing(f"keyring: {type(error).__name__}") from None
    if value is None:
        raise _missing(f"keyring has no entry {entry} (service/user)")
    return value


def _from_command(argv: tuple[str, ...]) -> str:
    from posture.net.process import run

    async def ask() -> bytes:
        done = await run(argv, deadline=COMMAND_SECONDS, max_output=MAX_BYTES)
        if done.returncode:
            raise _missing(f"{argv[0]} ended with code {done.returncode}")
        return done.stdout

    try:
        return _text(_aside(lambda: asyncio.run(ask())), f"output of {argv[0]}")
    except CollectError as error:
        raise _missing(error.detail) from None


def _aside(work: Callable[[], bytes]) -> bytes:
    """Run ``work`` in a thread of its own: the caller's may already be running an event loop."""
    made: list[bytes] = []
    raised: list[CollectError] = []

    def target() -> None:
        try:
            made.append(work())
        except CollectError as error:
            raised.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return made[0]
