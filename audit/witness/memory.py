"""What a witness remembers: the newest head that it signed, of each log. On disk before it says anything.

One file, which is replaced as a whole; whoever changes it holds the lock, so two requests at once,
or two processes, follow each other.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.canonical import CanonicalError, Json, canonical, parse
from audit.checkpoint import Head
from audit.leaf import from_base64, in_base64
from audit.witness.rules import Seen

FILE_NAME = "heads.json"
_LOCK_NAME = "heads.lock"


class MemoryLostError(Exception):
    """What the witness remembered is gone or damaged; the message says what to do."""


class Remembered:
    """The memory while this thread alone holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._heads = _read(path)

    def of(self, origin: str) -> Seen:
        return self._heads.get(origin, Seen())

    def is_empty(self) -> bool:
        return not self._heads

    def keep(self, head: Head) -> None:
        """Remember this head, and return when that is on disk."""
        self._heads[head.origin] = Seen(size=head.size, root=head.root)
        members: dict[str, Json] = {
            origin: {"root": in_base64(seen.root), "size": seen.size}
            for origin, seen in self._heads.items()
        }
        _replace(self._path, canonical(members) + b"\n")


def begin(folder: Path) -> None:
    """Begin with an empty memory, where there is none."""
    if not (folder / FILE_NAME).exists():
        _replace(folder / FILE_NAME, b"{}\n")


@contextmanager
def opened(folder: Path) -> Iterator[Remembered]:
    """Hold the memory; others wait.

    Raises:
        MemoryLostError: it is gone or damaged.
        OSError: it cannot be read.
    """
    descriptor = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield Remembered(folder / FILE_NAME)
    finally:
        os.close(descriptor)


def _read(path: Path) -> dict[str, Seen]:
    try:
        return _seen_of_each(parse(path.read_bytes()[:-1]))
    except FileNotFoundError as error:
        raise MemoryLostError(f"{path} is gone. {_RESTORE}") from error
    except (CanonicalError, TypeError, ValueError) as error:
        raise MemoryLostError(f"{path} is damaged. {_RESTORE}") from error


_RESTORE = (
    "A witness that forgot would sign a log that was rewritten: restore the newest copy of this file. When there is "
    "none, begin another witness in an empty folder, with a key of its own."
)


def _seen_of_each(members: Json) -> dict[str, Seen]:
    if not isinstance(members, dict):
        raise TypeError
    return {origin: _seen(head) for origin, head in members.items()}


def _seen(head: Json) -> Seen:
    match head:
        case {"root": str(root), "size": int(size)}:
            return Seen(size=size, root=from_base64(root))
        case _:
            raise TypeError


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
