"""What is done when sealed bytes turn out to be of another row: somebody changed the database."""

from datetime import datetime, timedelta

from django.db import transaction

from audit import operations as log
from audit.events import Actor, Event, EventKind
from audit.models import LogEntry

# One line tells of it; a page that is asked for again and again would fill the log.
TOLD_ONCE_IN = timedelta(hours=1)


@transaction.atomic
def note_broken_seal(*, page: str, at: datetime) -> None:
    """Put it in the log that `page`, a route, met sealed bytes that do not open there. Says nothing of whose."""
    told = LogEntry.objects.filter(kind=EventKind.SEAL_BROKEN, at__gt=at - TOLD_ONCE_IN)
    if told.exists():
        return
    log.append(
        Event(
            kind=EventKind.SEAL_BROKEN,
            actor=Actor.SYSTEM,
            at=at,
            subject_id=None,
            shown={},
            internal={"page": page},
        )
    )
