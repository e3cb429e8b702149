"""The three kinds of export: how each begins, goes on in chunks of a few queries, and ends."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from audit import export, logkeys, manifest, part_files, witnessed
from audit.canonical import Json
from audit.contents import Contents
from audit.models import Checkpoint, Leaf, LogEntry
from audit.openings import opening_lines
from audit.part_files import GrowingFile
from audit.queries import EntryFilter
from audit.tiles import WIDTH
from audit.tree import LogBrokenError, StoredTree

_BUNDLES = 8  # in a chunk of a complete export
_ROWS = 1000  # in a chunk of a selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for."""

    contents: Contents
    folder: Path
    filter: EntryFilter
    signed: Checkpoint
    at: datetime

    @property
    def size(self) -> int:
        return self.signed.size


@dataclass(frozen=True, slots=True)
class Kind:
    """The tail returns how much there is, for the manifest."""

    head: Callable[[Order], bytes]
    chunks: Callable[[Order, GrowingFile, int], Iterator[int]]
    tail: Callable[[Order, GrowingFile, int], dict[str, Json]]


def _complete_head(_order: Order) -> bytes:
    return b""


def _complete_chunks(order: Order, rows: GrowingFile, done: int) -> Iterator[int]:
    for begin in range(done, order.size, _BUNDLES * WIDTH):
        end = min(begin + _BUNDLES * WIDTH, order.size)
        part_files.write_entries(order.folder, begin=begin, leaves=_leaves(begin, end))
        opened = opening_lines(filter=order.filter, begin=begin, end=end)
        rows.grow(opened, done=end, last=end - 1)
        yield end


def _leaves(begin: int, end: int) -> list[bytes]:
    found = Leaf.objects.filter(index__gte=begin, index__lt=end).order_by("index")
    leaves = [bytes(leaf) for leaf in found.values_list("entry__leaf", flat=True)]
    if len(leaves) != end - begin:
        raise LogBrokenError(f"Entries {begin} to {end} of the log are missing.")
    return leaves


def _complete_tail(order: Order, rows: GrowingFile, _done: int) -> dict[str, Json]:
    part_files.write_upper_tiles(order.folder, size=order.size)
    note = witnessed.note_of(order.signed)
    files = {
        "checkpoint": note.encode(),
        "policy": witnessed.policy_for(note).encode(),
        "keys.json": manifest.keys(logkeys.known()),
    }
    for name, content in files.items():
        part_files.write(order.folder / name, content)
    return {"entries": order.size, "opened": part_files.count_lines(rows.path)}


def _selection_head(order: Order) -> bytes:
    return export.json_head(signed=order.signed, filter=order.filter, at=order.at)


def _selection_chunks(order: Order, rows: GrowingFile, done: int) -> Iterator[int]:
    tree = StoredTree(order.size)
    return _selected(order, rows, done, lambda chunk: export.json_rows(chunk, tree))


def _selection_tail(order: Order, rows: GrowingFile, done: int) -> dict[str, Json]:
    with rows.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
    part_files.append(rows.path, export.json_tail(size=order.size, count=done, digest=digest))
    return {"entries": done}


def _table_head(_order: Order) -> bytes:
    return export.csv_head()


def _table_chunks(order: Order, rows: GrowingFile, done: int) -> Iterator[int]:
    return _selected(order, rows, done, export.csv_rows)


def _table_tail(_order: Order, _rows: GrowingFile, done: int) -> dict[str, Json]:
    return {"entries": done}


def _selected(
    order: Order, rows: GrowingFile, done: int, written: Callable[[list[LogEntry]], bytes]
) -> Iterator[int]:
    for chunk in export.chunks(filter=order.filter, size=order.size, after=rows.last, limit=_ROWS):
        done += len(chunk)
        rows.grow(written(chunk), done=done, last=chunk[-1].place.index)
        yield done


KINDS: Mapping[Contents, Kind] = {
    Contents.COMPLETE: Kind(_complete_head, _complete_chunks, _complete_tail),
    Contents.SELECTION: Kind(_selection_head, _selection_chunks, _selection_tail),
    Contents.TABLE: Kind(_table_head, _table_chunks, _table_tail),
}
