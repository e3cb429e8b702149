"""Whether those who sign the log are who the log says they are: its keys, one after the other, and the witnesses."""

from collections.abc import Iterator

from audit import checkpoint, cosignature, keyring, logkeys
from audit.canonical import CanonicalError
from audit.events import EventKind
from audit.keyfiles import KeyFileError
from audit.leaf import INTERNAL, LeafError, parse_leaf
from audit.models import Checkpoint, Cosignature, LogEntry, LogKey
from audit.queries import opened

_SIGN_AT_ONCE = 2
_TELLS = (EventKind.LOG_KEY_ROTATED, EventKind.LOG_RESTARTED)
Fault = tuple[str, str, str]  # table, place, what is wrong


def log_key_faults() -> Iterator[Fault]:
    """Name each key of the log that does not follow the one before it as the log tells."""
    rows = list(LogKey.objects.order_by("id").select_related("entry__place"))
    before: LogKey | None = None
    for row in rows:
        for what in _faults_of_key(row, before):
            yield "logkey", f"key {row.pk}", what
        before = row
    for row in rows[:-_SIGN_AT_ONCE]:
        if row.to_size is None:
            yield "logkey", f"key {row.pk}", "it did not end."
    for row in rows[-_SIGN_AT_ONCE:]:
        if what := _fault_of_file(row):
            yield "logkey", f"key {row.pk}", what
    told = LogEntry.objects.filter(kind__in=_TELLS, log_key=None)
    for entry in told.order_by("id"):
        yield "logentry", f"id {entry.pk}", "it tells of a key of the log that is gone."


def _faults_of_key(row: LogKey, before: LogKey | None) -> Iterator[str]:
    try:
        checkpoint.parse_vkey(row.vkey)
    except checkpoint.CheckpointError as error:
        yield str(error)
        return
    if before is None:
        if (row.from_size, row.entry_id) != (0, None):
            yield "the first key of a log counts from 0, and nothing tells of it."
    elif fault := _fault_of_event(row, before):
        yield fault
    elif not _follows(row, before):
        yield "it does not count from the head after the one that tells of it."
    if row.to_size is not None and not _is_end(row.to_size):
        yield "it does not count up to the head that tells of its end."


def _fault_of_event(row: LogKey, before: LogKey) -> str:
    """Return in what the log does not tell of this key, if anything."""
    entry = row.entry
    if entry is None:
        return "nothing in the log tells of it."
    try:
        leaf = parse_leaf(bytes(entry.leaf))
        part = opened(entry, INTERNAL)
    except (LeafError, CanonicalError, keyring.SealBrokenError, KeyFileError) as error:
        return f"what the log tells of it cannot be read: {error}"
    if leaf.kind != (
        EventKind.LOG_RESTARTED if _is_renamed(row, before) else EventKind.LOG_KEY_ROTATED
    ):
        return "what should tell of it is about something else."
    # Erased with its month: the checks of entries say whether that was lawful.
    said = part.members() if part else {"old": before.vkey, "new": row.vkey}
    if (said.get("old"), said.get("new")) != (before.vkey, row.vkey):
        return "the log tells of another key."
    return ""


def _is_renamed(row: LogKey, before: LogKey) -> bool:
    """After an incident the log goes on under another name."""
    return row.vkey.partition("+")[0] != before.vkey.partition("+")[0]


def _fault_of_file(row: LogKey) -> str:
    """A key that signs must be ours: whoever only has the database can add none."""
    if row.from_size is None or row.to_size is not None:
        return ""
    try:
        logkeys.private(checkpoint.parse_vkey(row.vkey))
    except (KeyFileError, checkpoint.CheckpointError) as error:
        return str(error)
    return ""


def _follows(row: LogKey, before: LogKey) -> bool:
    if row.from_size is None:
        return row.to_size is None and before.to_size is None
    place = getattr(row.entry, "place", None)
    if _is_renamed(row, before):
        return before.to_size == row.from_size - 1 and (
            place is None or place.index >= before.to_size
        )
    return (
        place is not None
        and place.index < row.from_size
        and Checkpoint.objects.filter(size=row.from_size - 1).exists()
        and (before.to_size is None or row.from_size <= before.to_size + 1)
    )


def _is_end(size: int) -> bool:
    renamed = LogKey.objects.filter(from_size=size + 1, entry__kind=EventKind.LOG_RESTARTED)
    if renamed.exists():
        return True
    told = LogEntry.objects.filter(kind=EventKind.LOG_KEY_RETIRED, place__index__lt=size)
    return told.exists() and Checkpoint.objects.filter(size=size).exists()


def cosignature_faults() -> Iterator[Fault]:
    """Name each signature of a witness that it did not make."""
    for row in Cosignature.objects.order_by("id").select_related("checkpoint").iterator():
        if what := _fault_of_cosignature(row):
            yield "cosignature", f"id {row.pk}, checkpoint {row.checkpoint_id}", what


def _fault_of_cosignature(row: Cosignature) -> str:
    try:
        head, _ = checkpoint.parse_note(row.checkpoint.note)
        found = cosignature.cosignatures(
            head=head,
            signatures=checkpoint.parse_signatures(row.line),
            witnesses=[cosignature.parse_vkey(row.witness)],
        )
    except checkpoint.CheckpointError as error:
        return str(error)
    if [(one.at, one.line) for one in found] != [(row.at, row.line)]:
        return "the columns are not what the witness signed."
    return ""
