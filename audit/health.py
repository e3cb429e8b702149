"""Whether the log is well: a handful of cheap questions, for whoever watches over it. Nothing is recomputed here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from audit import published, publishing, queries, triggers
from audit.keyfiles import KeyFileError
from audit.models import Leaf, PendingEntry

# The worker numbers and signs every two seconds, and verifies every night.
_WAITS_AT_MOST = timedelta(minutes=5)
_VERIFIED_WITHIN = timedelta(days=3)
OK = "ok"
NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was asked, and how that is. `detail` is for officers: it is not for everyone to read."""

    name: str
    state: str
    detail: str = ""

    @property
    def is_well(self) -> bool:
        return self.state in {OK, NONE}

    @property
    def is_damage(self) -> bool:
        """Return whether something was changed, and not only left undone."""
        return self.state in {"broken", "fault", "missing"}


def checks(*, at: datetime) -> list[Check]:
    """Return how the log is. `none`: it was never verified, as on the first day.

    Raises:
        DatabaseError: the database does not answer.
    """
    return [_verification(at), _journal(), _triggers(), *_waiting(at)]


def _verification(at: datetime) -> Check:
    run = queries.last_run()
    if run is None:
        return Check(name="verification", state=NONE)
    if not run.is_sound:
        return Check(name="verification", state="broken", detail=run.first_fault)
    is_old = at - run.finished_at > _VERIFIED_WITHIN
    return Check(name="verification", state="old" if is_old else OK)


def _journal() -> Check:
    try:
        fault = publishing.journal_fault()
    except KeyFileError as error:
        fault = str(error)
    return Check(name="journal", state="fault" if fault else OK, detail=fault)


def _triggers() -> Check:
    gone = [
        trigger.name
        for guard in triggers.GUARDS
        for trigger in triggers.missing(connection, guard.wanted)
    ]
    return Check(name="triggers", state="missing" if gone else OK, detail=", ".join(gone))


def _waiting(at: datetime) -> Iterator[Check]:
    signed = published.size()
    waiting = {
        "numbering": PendingEntry.objects.order_by("entry_id").values_list("entry__at"),
        "signing": Leaf.objects.filter(index=signed).values_list("entry__at"),
    }
    for name, rows in waiting.items():
        oldest = rows.first()
        is_late = oldest is not None and at - oldest[0] > _WAITS_AT_MOST
        yield Check(name=name, state="late" if is_late else OK)
