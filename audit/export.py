"""A selection of the log: as JSON Lines, which prove themselves, and as CSV, for reading.

The rules of the JSON Lines (`audit.verify` checks them): every line is canonical JSON and ends in a newline.

- The first line names the log, its key, a signed head (C2SP tlog-checkpoint) and the filter.
- Every next line is one entry: its leaf, what the leaf commits to with the opening of each
  commitment (null when erased, or when `damaged` says that someone changed it), and an inclusion
  proof (RFC 6962) to the root in the signed head. The indexes grow.
- The last line holds the number of entries, the SHA-256 of all bytes before it, and a signature by
  the key of the log over both. Nothing follows it.

A spreadsheet cannot carry a proof and changes what it opens: whoever needs certainty about a line
of the CSV looks up its index in the JSON Lines.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.conf import settings

from audit import keyring, logkeys, witnessed
from audit.canonical import Json, canonical, parse
from audit.events import CODES
from audit.leaf import INTERNAL, SHOWN, in_base64, timestamp
from audit.models import Checkpoint, LogEntry
from audit.queries import ROWS, EntryFilter, EntryView, opened, view_of
from audit.sealing import OpenedPart
from audit.tree import StoredTree

FORMAT = "regie-log-export/1"
_BOM = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as something else
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = (
    *("index", "at", "kind", "actor", "subject", *CODES),
    *("shown", "internal", "id", "leaf_hash"),
)


def chunks(
    *,
    filter: EntryFilter,  # noqa: A002
    size: int,
    after: int = -1,
    limit: int,
) -> Iterator[list[LogEntry]]:
    """Walk the selection in the order of the log, in chunks, so that memory stays constant."""
    selection = ROWS.filter(filter.condition(), place__index__lt=size).order_by("place__index")
    while rows := list(selection.filter(place__index__gt=after)[:limit]):
        yield rows
        after = rows[-1].place.index


def json_head(*, signed: Checkpoint, filter: EntryFilter, at: datetime) -> bytes:  # noqa: A002
    members: dict[str, Json] = {
        "format": FORMAT,
        "origin": settings.LOG_ORIGIN,
        "vkey": logkeys.vkey_under(signed.note),
        "checkpoint": witnessed.note_of(signed),
        "filter": filter.to_json(),
        "exportedAt": timestamp(at),
        "kind": "selection",
    }
    return canonical(members) + b"\n"


def json_rows(rows: Sequence[LogEntry], tree: StoredTree) -> bytes:
    tree.prefetch(entry.place.index for entry in rows)
    return b"".join(canonical(_entry_line(entry, tree)) + b"\n" for entry in rows)


def json_tail(*, size: int, count: int, digest: bytes) -> bytes:
    """Return the last line. What is signed holds a zero byte, which no checkpoint does."""
    message = f"{FORMAT}\x00{count}\x00".encode() + digest
    members: dict[str, Json] = {
        "count": count,
        "sha256": digest.hex(),
        "signature": in_base64(logkeys.log_key(size=size).sign(message)),
    }
    return canonical(members) + b"\n"


def csv_head() -> bytes:
    return _BOM + _csv_rows([list(_COLUMNS)])


def csv_rows(rows: Sequence[LogEntry]) -> bytes:
    """Return rows in which a cell that a spreadsheet would take for a formula starts with an apostrophe."""
    return _csv_rows([_cells(entry) for entry in rows])


def _entry_line(entry: LogEntry, tree: StoredTree) -> dict[str, Json]:
    shown, is_shown_damaged = _opened(entry, SHOWN)
    internal, is_internal_damaged = _opened(entry, INTERNAL)
    return {
        "index": entry.place.index,
        "leaf": parse(bytes(entry.leaf)),
        "shown": _payload(shown),
        "shownOpening": _opening(shown),
        "internal": _payload(internal),
        "internalOpening": _opening(internal),
        "proof": [in_base64(hash_) for hash_ in tree.inclusion_proof(entry.place.index)],
        **({"damaged": True} if is_shown_damaged or is_internal_damaged else {}),
    }


def _opened(entry: LogEntry, part: bytes) -> tuple[OpenedPart | None, bool]:
    """Return a compartment, and whether it cannot be opened because someone changed it."""
    try:
        return opened(entry, part), False
    except keyring.SealBrokenError:
        return None, True


def _payload(part: OpenedPart | None) -> Json:
    return None if part is None else part.members()


def _opening(part: OpenedPart | None) -> Json:
    return None if part is None else in_base64(part.opening)


def _cells(entry: LogEntry) -> list[str]:
    view = view_of(entry)
    return [
        *(str(view.index), timestamp(view.at), view.kind, view.actor),
        str(view.subject_id or ""),
        *(view.purpose, view.data_category, view.recipient, view.outcome),
        *(_json_cell(part, view) for part in (view.shown, view.internal)),
        *(str(view.uid), view.leaf_hash.hex()),
    ]


def _json_cell(part: Mapping[str, Json] | None, view: EntryView) -> str:
    if part is None:
        return "damaged" if view.is_damaged else "erased"
    return canonical(dict(part)).decode()


def _csv_rows(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_STARTS_A_FORMULA) else cell
