"""Sign the head of the log, and remember it outside the database before anyone sees it.

The order: what is signed was committed; the signed head is committed; then it is written to the
journal; then it is shown. A crash between two of these is made good by the next publisher.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from audit import checkpoint, integration, journal, logkeys, merkle
from audit.faults import Fault
from audit.journal import JournalError, OpenJournal
from audit.models import Checkpoint
from audit.tree import LogBrokenError, StoredTree

_CHUNK = 500
_RESTART = (
    "Restore it from a backup. Only when that cannot be done, and `verify_log` finds nothing else: "
    "python3 manage.py restart_journal"
)


def publish(*, at: datetime) -> Checkpoint | None:
    """Sign the head when the log grew since the last checkpoint; return what was signed.

    Raises:
        LogBrokenError: the log does not continue what was signed before, or the journal cannot be
            written. Entries are still staged and numbered; nothing is signed until it can be.
        KeyFileError: the key of the log is gone.
    """
    path = settings.LOG_JOURNAL
    if path is None:
        return _sign(at=at, durable=False)
    try:
        _require_journal(path)
        with journal.opened(path) as kept:
            _catch_up(kept)
            made = _sign(at=at, durable=True)
            if made is not None:
                kept.append(made.note)
            return made
    except JournalError as error:
        raise LogBrokenError(str(error)) from error


def journal_fault() -> str:
    """Return in what the journal and the database disagree; empty when they agree, or there is no journal."""
    path = settings.LOG_JOURNAL
    if path is None or (not path.exists() and not Checkpoint.objects.exists()):
        return ""
    try:
        _require_journal(path)
        with journal.opened(path) as kept:
            _remembered(kept)
    except (JournalError, LogBrokenError) as error:
        return str(error)
    return ""


def lost_heads() -> Iterator[Fault]:
    """Name every head in the journal that the database no longer has: what was signed stays signed.

    Whether the journal as such can be relied on is for `journal_fault`.
    """
    path = settings.LOG_JOURNAL
    if path is None or not path.exists():
        return
    try:
        for chunk in _in_chunks(journal.notes(path)):
            heads = [checkpoint.parse_note(note)[0] for note in chunk]
            stored = Checkpoint.objects.in_bulk([head.size for head in heads])
            for head in heads:
                if head.origin != settings.LOG_ORIGIN:
                    continue  # of before an incident: the log told then what was lost
                kept = stored.get(head.size)
                if kept is None or bytes(kept.root) != head.root:
                    yield Fault(
                        table="audit_checkpoint",
                        row=f"checkpoint {head.size}",
                        what="the journal holds another signed head of this size, or this one is gone.",
                    )
    except (JournalError, checkpoint.CheckpointError) as error:
        yield Fault(what=f"The journal {path} cannot be compared with the log: {error}")


def _in_chunks(notes: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(islice(notes, _CHUNK)):
        yield chunk


def restart_journal() -> Checkpoint | None:
    """Begin a journal with the newest checkpoint, where there is none; return that checkpoint.

    Raises:
        LogBrokenError: there is a journal; it is not thrown away.
    """
    path = settings.LOG_JOURNAL
    newest = _newest()
    if path is None or newest is None:
        return None
    if path.exists():
        raise LogBrokenError(f"There is a journal at {path}. Move it away first, and keep it.")
    with journal.opened(path) as kept:
        kept.append(newest.note)
    return newest


def _sign(*, at: datetime, durable: bool) -> Checkpoint | None:
    """Sign and store. With a journal nobody may roll this back any more: hence `durable`."""
    with transaction.atomic(durable=durable):
        if not integration.is_alone():
            return None
        head, _ = integration.current_head()
        last = _newest()
        root = bytes(head.root)
        if last is not None:
            _require_continuation(_head_of(last), size=head.size, root=root)
        if head.size == (last.size if last else 0):
            return None
        signed = checkpoint.Head(origin=settings.LOG_ORIGIN, size=head.size, root=root)
        keys = logkeys.signing(size=head.size)
        note = checkpoint.sign_by_each(head=signed, keys=keys)
        return Checkpoint.objects.create(size=head.size, root=root, note=note, made_at=at)


def _require_journal(path: Path) -> None:
    """A journal is made before the first head is signed, so a missing one was taken away."""
    if not path.exists() and Checkpoint.objects.exists():
        raise LogBrokenError(f"The journal {path} is gone. {_RESTART}")


def _catch_up(kept: OpenJournal) -> None:
    """Write down the head that was committed just before a crash."""
    missing = _remembered(kept)
    if missing is not None:
        kept.append(missing.note)


def _remembered(kept: OpenJournal) -> Checkpoint | None:
    """Compare the journal with the checkpoints; return the one checkpoint that a crash kept from it.

    Raises:
        LogBrokenError: they disagree.
    """
    note, newest = kept.last(), _newest()
    if note is None:
        return _only(Checkpoint.objects.order_by("size")[:2])
    signed = _signed_head(note, "The last head in the journal")
    if newest is None or newest.size < signed.size:
        raise LogBrokenError(
            f"The journal holds a signed head of {signed.size} entries, and the database signed "
            f"{newest.size if newest else 0}. Was a backup restored?"
        )
    if not Checkpoint.objects.filter(size=signed.size, root=signed.root).exists():
        raise LogBrokenError(
            f"The journal and the database disagree about the first {signed.size} entries. "
            "One of them was changed."
        )
    return _only(Checkpoint.objects.filter(size__gt=signed.size).order_by("size")[:2])


def _only(found: QuerySet[Checkpoint]) -> Checkpoint | None:
    missing = list(found)
    if len(missing) > 1:
        raise LogBrokenError(f"The journal lost signed heads. {_RESTART}")
    return missing[0] if missing else None


def _newest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def _head_of(stored: Checkpoint) -> checkpoint.Head:
    return _signed_head(stored.note, f"Checkpoint {stored.size}")


def _signed_head(note: str, name: str) -> checkpoint.Head:
    try:
        return logkeys.known().head_of(note)
    except checkpoint.CheckpointError as error:
        raise LogBrokenError(
            f"{name} was not signed by the key of {settings.LOG_ORIGIN} for that size: {error}"
        ) from error


def _require_continuation(signed: checkpoint.Head, *, size: int, root: bytes) -> None:
    if signed.size > size:
        raise LogBrokenError(
            f"The log has {size} entries, but {signed.size} were signed. Was a backup restored?"
        )
    proof = StoredTree(size).consistency_proof(signed.size)
    try:
        merkle.verify_consistency(
            first=signed.size, first_root=signed.root, size=size, root=root, proof=proof
        )
    except merkle.ProofError as error:
        raise LogBrokenError(f"The log was changed after checkpoint {signed.size}.") from error
