"""Let the log go on under another name after an incident: what was lost is told for ever, and nothing is hidden.

The database lost what was signed (a backup was restored), or the key may be known to others. The
journal still knows the last signed head. The first line under the new name quotes it.
"""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from audit import checkpoint, integration, journal, logkeys
from audit.checkpoint import Head, Verifier
from audit.events import Actor, Event, EventKind
from audit.models import Checkpoint, LogKey
from audit.operations.appending import append
from audit.operations.settling import settle
from audit.signers import LogKeys
from audit.tree import LogBrokenError
from audit.verification import Verification


class RestartError(Exception):
    """The log cannot go on under another name now; the message says what to do."""


def restart_log(*, incident: str, at: datetime) -> Checkpoint | None:
    """Quote the last signed head of the journal, and sign what the database holds under the name that is set now.

    Every step may be the last before a power cut: the next call goes on where it was. Returns the
    first head under the new name; None when another process signs at this moment.

    Raises:
        RestartError: there is no journal, it is of the same name, or a key is being replaced.
        LogBrokenError: what is left of the log is not whole, or the journal is not of this log.
        JournalError: the journal cannot be written.
        KeyFileError: the key of the log is gone.
    """
    path = _journal()
    with journal.opened(path) as kept:
        note = kept.last() or ""
    last = _last_head(note)
    _require_whole(last)
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        raise RestartError("The database holds no signed head. Restore a backup that does.")
    _told(last, note=note, size=newest.size, incident=incident, at=at)
    if (newest.size, bytes(newest.root)) != (last.size, last.root):
        aside = path.with_name(f"{path.name}-until-{last.size}")
        journal.begin_again(path, aside=aside, note=newest.note)
    settle(at=at)
    return Checkpoint.objects.filter(size__gte=logkeys.first_size()).order_by("size").first()


def _journal() -> Path:
    path: Path | None = settings.LOG_JOURNAL
    if path is None or not path.exists():
        raise RestartError(
            "There is no journal, so nobody knows what was signed last. Restore it from a backup first."
        )
    return path


def _last_head(note: str) -> Head:
    """Return what the journal says was signed last, under the old name."""
    try:
        head, _ = checkpoint.parse_note(note)
        if head.origin == settings.LOG_ORIGIN:
            raise RestartError(
                f"The journal is of {head.origin} itself. Choose another name for what follows, set REGIE_LOG_ORIGIN "
                "to it for every process, and run this again."
            )
        # By any key of it, whatever the sizes: a run before this one may have ended it with what is left.
        return LogKeys.of(*(one.verifier for one in logkeys.named(head.origin).ranges)).head_of(
            note
        )
    except checkpoint.CheckpointError as error:
        raise LogBrokenError(f"The last head in the journal is not of this log: {error}") from error


def _require_whole(last: Head) -> None:
    verification = Verification(logkeys.named(last.origin))
    verification.run()
    if verification.faults:
        raise LogBrokenError(f"The log is not whole: {verification.first_fault}")


@transaction.atomic
def _told(last: Head, *, note: str, size: int, incident: str, at: datetime) -> None:
    """End every key under the old name with the newest head that is left, and quote what was signed last."""
    integration.wait_until_alone()
    old = logkeys.named(last.origin)
    if old.newest.name == settings.LOG_ORIGIN:
        return  # a run before this one came so far
    if LogKey.objects.filter(from_size=None).exists():
        raise RestartError(
            "The log tells of a key that does not sign yet. Restore a backup of another moment."
        )
    LogKey.objects.get_or_create(vkey=old.newest.to_vkey(), defaults={"from_size": 0})
    for row in LogKey.objects.filter(to_size=None):
        row.to_size = size
        row.save(update_fields=["to_size"])
    new = Verifier(name=settings.LOG_ORIGIN, key=old.newest.key)
    entry = append(
        Event(
            kind=EventKind.LOG_RESTARTED,
            actor=Actor.SYSTEM,
            at=at,
            subject_id=None,
            shown={},
            internal={
                "old": old.newest.to_vkey(),
                "new": new.to_vkey(),
                "lastSigned": note,
                "left": size,
                "incident": incident,
            },
        )
    )
    LogKey.objects.create(vkey=new.to_vkey(), from_size=size + 1, entry=entry)
