"""How often something was tried, counted so that many processes at once cannot go over a limit.

The counters are rows of one table, by an HMAC of what they count: no address and no account is stored.
`limits` is the table of every limit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from accounts.errors import LockedOutError
from accounts.limits import (
    ACCOUNTS_WITH_A_WRONG_PASSWORD,
    CODES_PER_ADDRESS,
    CODES_PER_BROWSER,
    MANDATE_CODES,
    NUMBERS_PER_EMPLOYEE,
    PASSKEYS_PER_ADDRESS,
    PASSWORDS_PER_ACCOUNT,
    PASSWORDS_PER_ADDRESS,
    PASSWORDS_PER_BROWSER,
    Counted,
    Limit,
)
from accounts.models import ThrottleCounter
from audit import keyring

__all__ = [
    "ACCOUNTS_WITH_A_WRONG_PASSWORD",
    "CODES_PER_ADDRESS",
    "CODES_PER_BROWSER",
    "MANDATE_CODES",
    "NUMBERS_PER_EMPLOYEE",
    "PASSKEYS_PER_ADDRESS",
    "PASSWORDS_PER_ACCOUNT",
    "PASSWORDS_PER_ADDRESS",
    "PASSWORDS_PER_BROWSER",
    "Bucket",
    "Limit",
    "check",
    "check_all",
    "count",
    "count_all",
    "forget",
    "forget_all",
    "is_full",
    "take_back",
    "window_end",
    "window_start",
]

_EPOCH = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
# One statement, so that the database hands each attempt a number of its own, whoever else counts.
_ADD = (
    "INSERT INTO accounts_throttlecounter (key, window_start, count) VALUES {rows}"
    " ON CONFLICT (key, window_start)"
    " DO UPDATE SET count = accounts_throttlecounter.count + excluded.count"
    " RETURNING key, count"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One counter. `adds`: 1 for an attempt, 0 to only look at it."""

    limit: Limit
    value: str
    adds: int = 1

    @property
    def is_nobody(self) -> bool:
        """Return whether there is nothing to count: an empty identifier must not lock everyone out.

        An address is never nobody: everybody who comes over a Unix socket counts as one.
        """
        return not self.value and self.limit.counts is not Counted.ADDRESS

    @property
    def key(self) -> str:
        return keyring.blind_index(label=self.limit.label, value=self.value)


def check(*, limit: Limit, value: str, at: datetime) -> int:
    """Count one more attempt, and return how many there are in this window.

    Call it outside the transaction of what is tried: an attempt that fails has still been made.

    Raises:
        LockedOutError: there are more than the limit allows. Of any number of processes that try at
            once, exactly `limit.most` attempts get past this.
        RuntimeError: there is a transaction, that could undo the counting.
    """
    return check_all([Bucket(limit=limit, value=value)], at=at)[0]


def check_all(buckets: Sequence[Bucket], *, at: datetime) -> list[int]:
    """Count in several buckets with one statement, and return how many there are in each.

    Raises:
        LockedOutError: one of them holds more than its limit allows.
        RuntimeError: there is a transaction, that could undo the counting.
    """
    counted = count_all(buckets, at=at)
    full = [
        (window_end(at, bucket.limit), bucket.adds == 1 and times == bucket.limit.most + 1)
        for bucket, times in zip(buckets, counted, strict=True)
        if times > bucket.limit.most
    ]
    if full:
        is_new = any(is_first for _until, is_first in full)
        raise LockedOutError(max(until for until, _ in full), is_new=is_new)
    return counted


def count(*, limit: Limit, value: str, at: datetime) -> int:
    """Count one more attempt and return how many there are in this window, whatever the limit.

    Raises:
        RuntimeError: there is a transaction, that could undo the counting.
    """
    return count_all([Bucket(limit=limit, value=value)], at=at)[0]


def count_all(buckets: Sequence[Bucket], *, at: datetime) -> list[int]:
    """Count in several buckets with one statement, whatever their limits; 0 for one that counts nobody.

    Raises:
        RuntimeError: there is a transaction, that could undo the counting.
    """
    rows = {
        bucket.key: (_moment(window_start(at, bucket.limit)), bucket.adds)
        for bucket in buckets
        if not bucket.is_nobody
    }
    if not rows:
        return [0] * len(buckets)
    # In one order, or two requests could each wait for a row of the other.
    ordered = sorted(rows.items())
    values = [part for key, (start, adds) in ordered for part in (key, start, adds)]
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_ADD.format(rows=", ".join(["(%s, %s, %s)"] * len(rows))), values)
        counted = dict(cursor.fetchall())
    return [0 if bucket.is_nobody else counted[bucket.key] for bucket in buckets]


def is_full(*, limit: Limit, value: str, at: datetime) -> bool:
    """Return whether there were more than the limit says, in this window or in the one before it."""
    return ThrottleCounter.objects.filter(
        key=Bucket(limit=limit, value=value).key,
        window_start__gte=window_start(at, limit) - limit.window,
        window_start__lte=at,
        count__gt=limit.most,
    ).exists()


def take_back(*, limit: Limit, value: str, at: datetime) -> None:
    """Take back one attempt, that succeeded: people behind one address must not lock each other out.

    Only this one: what others tried before from the same address stays counted.
    """
    ThrottleCounter.objects.filter(
        key=Bucket(limit=limit, value=value).key,
        window_start=window_start(at, limit),
        count__gt=0,
    ).update(count=F("count") - 1)


def forget(*, limit: Limit, value: str) -> None:
    """Forget every attempt of this value."""
    forget_all([Bucket(limit=limit, value=value)])


def forget_all(buckets: Iterable[Bucket]) -> None:
    """Forget every attempt in these buckets, with one statement."""
    keys = [bucket.key for bucket in buckets if not bucket.is_nobody]
    ThrottleCounter.objects.filter(key__in=keys).delete()


def window_start(at: datetime, limit: Limit = PASSWORDS_PER_ACCOUNT) -> datetime:
    return at - (at - _EPOCH) % limit.window


def window_end(at: datetime, limit: Limit = PASSWORDS_PER_ACCOUNT) -> datetime:
    return window_start(at, limit) + limit.window


def _moment(value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)
