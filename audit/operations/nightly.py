"""The whole log is verified every night, and in the morning when nobody was awake."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from audit.events import Actor, Event, EventKind
from audit.models import VerificationRun
from audit.operations.reconciling import reconcile
from audit.operations.settling import settle
from audit.operations.verifying import verify
from audit.tree import LogBrokenError

_HOUR = 3  # local time


def verify_nightly(*, at: datetime, clock: Callable[[], datetime]) -> VerificationRun | None:
    """Verify the whole log, unless that was done since three o'clock; return the run, which is a line in the log.

    Call it as often as you like: a night that was missed is made good, and who finds another one at
    work on this machine has nothing to do.

    Raises:
        KeyFileError: a key is gone.
    """
    if _is_done(since=_last_night(at)):
        return None
    with _alone() as is_alone:
        if not is_alone:
            return None
        reconcile(at=at)
        with suppress(LogBrokenError):  # the verification says what it is
            settle(at=at)
        return verify(at=at, clock=clock, event_of=lambda run: _event(run, at=at))


def _is_done(*, since: datetime) -> bool:
    return VerificationRun.objects.filter(since=0, started_at__gte=since).exists()


def _last_night(at: datetime) -> datetime:
    today = timezone.localtime(at).replace(hour=_HOUR, minute=0, second=0, microsecond=0)
    return today if today <= at else today - timedelta(days=1)


@contextmanager
def _alone() -> Iterator[bool]:
    """Tell whether no other process or thread of this machine verifies; none does until this ends."""
    path = settings.DATA_DIR / "verify.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _event(run: VerificationRun, *, at: datetime) -> Event:
    return Event(
        kind=EventKind.LOG_VERIFIED,
        actor=Actor.SYSTEM,
        at=at,
        subject_id=None,
        shown={},
        internal={"counted": run.counted, "faults": run.faults},
        outcome="sound" if run.is_sound else "broken",
    )
