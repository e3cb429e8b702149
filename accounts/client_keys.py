"""The rules for the keys of a client: how many at once, and when somebody is told that one ends. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_AT_ONCE = 2  # the one in use, and the one that replaces it
# An integrator needs weeks to plan a change, and a last warning while there is still time to act.
REMINDERS = (timedelta(days=60), timedelta(days=30), timedelta(days=7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """When a key counts; `until` is exclusive."""

    since: datetime
    until: datetime

    def covers(self, moment: datetime) -> bool:
        return self.since <= moment < self.until

    def overlaps(self, other: "Period") -> bool:
        return self.since < other.until and other.since < self.until


def is_one_too_many(new: Period, others: Iterable[Period]) -> bool:
    """Return whether at some moment more keys would count than may."""
    beside = [other for other in others if other.overlaps(new)]
    # The number only grows where a period begins.
    starts = [new.since, *(other.since for other in beside if new.covers(other.since))]
    return any(sum(other.covers(moment) for other in beside) >= MOST_AT_ONCE for moment in starts)


def next_reminder(*, not_after: datetime, after: datetime) -> datetime | None:
    """Return the first moment later than `after` to tell that this key ends; None when none is left."""
    return min(
        (not_after - ahead for ahead in REMINDERS if not_after - ahead > after), default=None
    )


def days_left(*, not_after: datetime, at: datetime) -> int:
    """Return in how many days a key ends, begun days counted whole."""
    return max(0, -((at - not_after) // timedelta(days=1)))
