"""The memory of the publisher outside the database: every signed head, one line each, on disk before anyone sees it.

Whoever can rewrite the database can make it agree with itself. This file is what it must then still
agree with: the log must continue the last line here, or nothing more is signed. No Django here.

A line is canonical JSON, `{"note": ...}`. A line without its end was cut off by a crash: it was never
shown to anyone, and is taken away before the next one is written.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.canonical import CanonicalError, Json, canonical, parse

_LONGEST_LINE = 256 * 1024


class JournalError(Exception):
    """The journal cannot be read or written, or is no journal; the message says what to do."""


class OpenJournal:
    """The journal while this process alone holds it."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        self._end = self._find_end()

    def last(self) -> str | None:
        """Return the newest note; None when there is none yet.

        Raises:
            JournalError: the last whole line is not one of a journal.
        """
        start = max(0, self._end - _LONGEST_LINE)
        lines = os.pread(self._descriptor, self._end - start, start).splitlines()
        if not lines:
            return None
        return _note_in(lines[-1], f"The last line of {self._path}", self._path)

    def append(self, note: str) -> None:
        """Write a note, and return when it is on disk.

        Raises:
            JournalError: the disk is full, or may not be written.
        """
        self.add({"note": note})

    def lines(self) -> list[dict[str, Json]]:
        """Return what every whole line says.

        Raises:
            CanonicalError: a line was changed.
        """
        found = [parse(line) for line in os.pread(self._descriptor, self._end, 0).splitlines()]
        return [members if isinstance(members, dict) else {} for members in found]

    def add(self, members: dict[str, Json]) -> None:
        """Write a line, and return when it is on disk.

        Raises:
            JournalError: the disk is full, or may not be written.
        """
        line = canonical(members) + b"\n"
        try:
            os.ftruncate(self._descriptor, self._end)  # what a crash cut off
            os.lseek(self._descriptor, self._end, os.SEEK_SET)
            written = 0
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
            os.fsync(self._descriptor)
        except OSError as error:
            raise _cannot(self._path, error) from error
        self._end += len(line)

    def _find_end(self) -> int:
        """Return where the last whole line ends."""
        size = os.fstat(self._descriptor).st_size
        start = max(0, size - _LONGEST_LINE)
        newline = os.pread(self._descriptor, size - start, start).rfind(b"\n")
        if newline < 0 and start:
            raise JournalError(f"{self._path} is not the journal of a log. {_KEEP}")
        return start + newline + 1


_KEEP = "Keep a copy of it and of the database, and tell the security officer; nothing is signed until then."


def notes(path: Path) -> Iterator[str]:
    """Yield every note that the journal holds, the oldest first; a line that a crash cut off is none.

    Raises:
        JournalError: it cannot be read, or a line in it was changed.
    """
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.endswith(b"\n"):
                    yield _note_in(line[:-1], f"Line {number} of {path}", path)
    except OSError as error:
        raise _cannot(path, error) from error


def _note_in(line: bytes, name: str, path: Path) -> str:
    try:
        members = parse(line)
    except CanonicalError as error:
        raise JournalError(f"{name} was changed. {_KEEP}") from error
    note = members.get("note") if isinstance(members, dict) else None
    if not isinstance(note, str):
        raise JournalError(f"{path} is not the journal of a log. {_KEEP}")
    return note


@contextmanager
def opened(path: Path) -> Iterator[OpenJournal]:
    """Hold the journal, making it (mode 0600) when it does not exist; others wait.

    Raises:
        JournalError: it cannot be read or written.
    """
    try:
        descriptor = _open(path)
    except OSError as error:
        raise _cannot(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield OpenJournal(descriptor, path)
    finally:
        os.close(descriptor)


def begin_again(path: Path, *, aside: Path, note: str) -> None:
    """Put the journal aside under another name, and begin one with this note. At no moment there is none.

    Raises:
        JournalError: there is another file of that name, or the disk cannot be written.
    """
    draft = path.with_name(f".{path.name}.next")
    try:
        draft.unlink(missing_ok=True)
        with opened(draft) as kept:
            kept.append(note)
        if not (aside.exists() and aside.samefile(path)):  # else a run before this one came so far
            os.link(path, aside)
        draft.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise _cannot(aside, error) from error


def _open(path: Path) -> int:
    if path.exists():
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    _flush(path.parent)
    return descriptor


def _flush(folder: Path) -> None:
    """Or a power cut could take a new name away again."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot(path: Path, error: OSError) -> JournalError:
    return JournalError(
        f"The journal {path} cannot be read or written ({error.strerror}). New heads are not signed until it can; "
        "nothing else stops. Make room, or give this account the right to write there."
    )
