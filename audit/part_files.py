"""The files of an export while it is being made: safe on disk after every chunk, and resumable. Pure."""

import os
from collections.abc import Sequence
from pathlib import Path

from audit.merkle import in_hashes, leaf_hash, pyramid
from audit.tiles import WIDTH, Part, parts_of

_PROGRESS = ".progress"
_LENGTH_SIZE = 2  # C2SP tlog-tiles: the length of each entry, big-endian


class ResumeError(Exception):
    """What was written before is not there any more: the export has to begin again."""


class GrowingFile:
    """A file that grows by chunks. A line of `.progress` tells how long it was after each.

    `last` is the index of the last entry in it; -1 when there is none.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self.last = -1
        self._progress = folder / _PROGRESS

    def begin(self, head: bytes) -> None:
        write(self.path, head)
        write(self._progress, b"")

    def resume(self, done: int) -> None:
        """Take away whatever came after the chunk that ended at `done` rows.

        Raises:
            ResumeError: that chunk is not there.
        """
        kept = 0
        try:
            for line in self._progress.read_bytes().splitlines(keepends=True):
                kept += len(line)
                rows, length, last = map(int, line.split())
                if rows == done:
                    break
            else:
                raise ResumeError
            self.last = last
            os.truncate(self.path, length)
            os.truncate(self._progress, kept)
        except (OSError, ValueError) as error:
            raise ResumeError from error

    def grow(self, content: bytes, *, done: int, last: int) -> None:
        length = append(self.path, content)
        append(self._progress, f"{done} {length} {last}\n".encode())
        self.last = last

    def finish(self) -> None:
        self._progress.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def append(path: Path, content: bytes) -> int:
    """Return the length of the file afterwards."""
    with path.open("ab") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
        return stream.tell()


def flush(path: Path) -> None:
    """Let a file, or the names of the files in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_entries(folder: Path, *, begin: int, leaves: Sequence[bytes]) -> None:
    """Write the bundles and the lowest tiles of these leaves; `begin` is the index of the first of a bundle."""
    changed: set[Path] = set()
    for part in parts_of(len(leaves)):
        bodies = leaves[part.first : part.first + part.width]
        placed = Part(number=part.number + begin // WIDTH, width=part.width)
        bundle = b"".join(len(body).to_bytes(_LENGTH_SIZE) + body for body in bodies)
        changed.add(_write_part(folder / "tile/entries", placed, bundle))
        hashes = b"".join(map(leaf_hash, bodies))
        changed.add(_write_part(folder / "tile/0", placed, hashes))
    for one in changed:
        flush(one)


def write_upper_tiles(folder: Path, *, size: int) -> None:
    """Write the tiles above the lowest, each made of those below it."""
    level, full = 0, size // WIDTH
    while full:
        below, row, written = folder / f"tile/{level}", [], 0
        level += 1
        for number in range(full):
            row.append(_root((below / Part(number=number, width=WIDTH).name).read_bytes()))
            if len(row) == WIDTH or number == full - 1:
                part = Part(number=written, width=len(row))
                flush(_write_part(folder / f"tile/{level}", part, b"".join(row)))
                row, written = [], written + 1
        full //= WIDTH


def _root(tile: bytes) -> bytes:
    return pyramid(in_hashes(tile))[-1][0]


def _write_part(folder: Path, part: Part, content: bytes) -> Path:
    """Return the folder in which it was written."""
    path = folder / part.name
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, content)
    return path.parent


def count_lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(1 for _ in stream)
