"""Exports of the log. JSON Lines is the proof; CSV is for reading.

`audit.export_check` documents, and `audit.verifier` checks, the JSON Lines. A spreadsheet cannot carry a proof and changes
what it opens: whoever needs certainty about a line of the CSV looks up its index in the JSON Lines.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from django.conf import settings

from audit import logkeys
from audit.canonical import Json, canonical, parse
from audit.events import CODES
from audit.export_check import FORMAT, trailer_message
from audit.leaf import INTERNAL, SHOWN, in_base64
from audit.models import Checkpoint, LogEntry
from audit.queries import ROWS, EntryFilter, EntryView, opened, view_of
from audit.sealing import OpenedPart
from audit.tree import StoredTree

_CHUNK = 200
_BOM = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as something else
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = (
    *("index", "at", "kind", "actor", "subject", *CODES),
    *("shown", "internal", "id", "leaf_hash"),
)


class NothingSignedError(Exception):
    """There is no checkpoint yet, so there is nothing to prove."""


def export_json_lines(*, filter: EntryFilter, at: datetime) -> Iterator[bytes]:  # noqa: A002
    """Return the selection as JSON Lines with a proof per entry, chunk by chunk.

    It covers the log up to the last checkpoint: settle the log first. A payload that someone
    damaged stops the stream, and the verifier will see that the last line is missing.

    Raises:
        NothingSignedError: there is no checkpoint.
    """
    signed = _last_checkpoint()
    header: dict[str, Json] = {
        "format": FORMAT,
        "origin": settings.LOG_ORIGIN,
        "vkey": logkeys.vkey_under(signed.note),
        "checkpoint": signed.note,
        "filter": filter.to_json(),
        "exportedAt": _timestamp(at),
        "kind": "selection",
    }
    return _json_lines(header, filter, signed.size)


def export_csv(*, filter: EntryFilter) -> Iterator[bytes]:  # noqa: A002
    """Return the same selection as CSV (RFC 4180, UTF-8), for a spreadsheet.

    A cell that a spreadsheet would take for a formula starts with an apostrophe.

    Raises:
        NothingSignedError: there is no checkpoint.
    """
    return _csv(filter, _last_checkpoint().size)


def _json_lines(header: Mapping[str, Json], filter_: EntryFilter, size: int) -> Iterator[bytes]:
    digest, count, tree = hashlib.sha256(), 0, StoredTree(size)
    content = canonical(dict(header)) + b"\n"
    digest.update(content)
    yield content
    for rows in _chunks(filter_, size):
        tree.prefetch(entry.place.index for entry in rows)
        content = b"".join(canonical(_entry_line(entry, tree)) + b"\n" for entry in rows)
        digest.update(content)
        count += len(rows)
        yield content
    message = trailer_message(count=count, digest=digest.digest())
    trailer: dict[str, Json] = {
        "count": count,
        "sha256": digest.hexdigest(),
        "signature": in_base64(logkeys.log_key(size=size).sign(message)),
    }
    yield canonical(trailer) + b"\n"


def _entry_line(entry: LogEntry, tree: StoredTree) -> dict[str, Json]:
    shown, internal = opened(entry, SHOWN), opened(entry, INTERNAL)
    return {
        "index": entry.place.index,
        "leaf": parse(bytes(entry.leaf)),
        "shown": _payload(shown),
        "shownOpening": _opening(shown),
        "internal": _payload(internal),
        "internalOpening": _opening(internal),
        "proof": [in_base64(hash_) for hash_ in tree.inclusion_proof(entry.place.index)],
    }


def _payload(part: OpenedPart | None) -> Json:
    return None if part is None else part.members()


def _opening(part: OpenedPart | None) -> Json:
    return None if part is None else in_base64(part.opening)


def _csv(filter_: EntryFilter, size: int) -> Iterator[bytes]:
    yield _BOM + _csv_rows([list(_COLUMNS)])
    for rows in _chunks(filter_, size):
        yield _csv_rows([_cells(entry) for entry in rows])


def _cells(entry: LogEntry) -> list[str]:
    view = view_of(entry)
    return [
        *(str(view.index), _timestamp(view.at), view.kind, view.actor),
        str(view.subject_id or ""),
        *(view.purpose, view.data_category, view.recipient, view.outcome),
        *(_json_cell(part, view) for part in (view.shown, view.internal)),
        *(str(view.uid), view.leaf_hash.hex()),
    ]


def _json_cell(part: Mapping[str, Json] | None, view: EntryView) -> str:
    if part is None:
        return "" if view.is_damaged else "erased"
    return canonical(dict(part)).decode()


def _csv_rows(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_STARTS_A_FORMULA) else cell


def _chunks(filter_: EntryFilter, size: int) -> Iterator[list[LogEntry]]:
    """Walk the selection in the order of the log, in chunks, so that memory stays constant."""
    last = -1
    selection = ROWS.filter(filter_.condition(), place__index__lt=size).order_by("place__index")
    while rows := list(selection.filter(place__index__gt=last)[:_CHUNK]):
        yield rows
        last = rows[-1].place.index


def _last_checkpoint() -> Checkpoint:
    signed = Checkpoint.objects.order_by("-size").first()
    if signed is None:
        raise NothingSignedError
    return signed


def _timestamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
