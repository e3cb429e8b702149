"""Rules of work that takes a while: how long a worker may be silent, when to be reminded, how long it still takes."""

from datetime import datetime, timedelta

from consent.vocabulary import JobState

LIVING = frozenset({JobState.QUEUED, JobState.RUNNING})
MOST_ATTEMPTS = 5
LEASE = timedelta(seconds=30)
_PER_ROW = timedelta(milliseconds=1)  # twice what the slowest step took on a busy machine
_FIRST_NUDGE, _LONGEST_BETWEEN_NUDGES = timedelta(seconds=3), timedelta(minutes=1)


def lease_for(rows: int) -> timedelta:
    """Return how long a step may take that goes over all rows without a word in between."""
    return LEASE + rows * _PER_ROW


def next_nudge(*, waiting_since: datetime, at: datetime) -> datetime:
    """Return when a job that still waits is brought up again: ever later, so that a long queue stays short."""
    waited = at - waiting_since
    return at + min(max(waited, _FIRST_NUDGE), _LONGEST_BETWEEN_NUDGES)


def percentage(*, done: int, total: int) -> int:
    """Return how much is done, in whole percents; of nothing everything is done."""
    return 100 if done >= total else done * 100 // total


def time_left(
    *, done: int, total: int, started_with: int, started_at: datetime, at: datetime
) -> timedelta | None:
    """Return how long it still takes at the pace since this attempt began; None before there is a pace."""
    did, took = done - started_with, at - started_at
    if did <= 0 or took <= timedelta():
        return None
    return (total - done) * took / did
