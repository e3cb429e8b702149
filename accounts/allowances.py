"""How often each client may ask: a token bucket per client, shared by every process (docs/decisions/0023).

A process does not go to the database for every request. It claims a few tokens at a time, by one
statement that takes them only while they are there, and hands those out itself. What every process
hands out together was claimed before, so it can never be more than the bucket gives; tokens that a
process did not use within a few seconds are lost to the client.
"""

import os
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.models import ClientAllowance

POLICY = "client"  # the name of the policy in the headers
STANDING = "accounts.standing"  # where a request keeps how its client stands, for RateLimitFields
_SECOND = 1_000_000  # everything here counts in whole microseconds
_LEASE = 5 * _SECOND
# A clock that was wrong and is set back must not leave a client without tokens until that time comes again.
_CLOCKS_DIFFER = 60 * _SECOND
_CLAIM = """INSERT INTO accounts_clientallowance AS bucket (client_id, spent_until) VALUES (%s, %s)
ON CONFLICT (client_id) DO UPDATE SET spent_until = %s
  + CASE WHEN bucket.spent_until > %s AND bucket.spent_until <= %s THEN bucket.spent_until ELSE %s END
WHERE bucket.spent_until <= %s OR bucket.spent_until > %s
RETURNING spent_until"""


class TooFastError(Exception):
    """The bucket of this client is empty; `standing` says when there is a token again."""

    def __init__(self, standing: "Standing") -> None:
        super().__init__(standing)
        self.standing = standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a client stands, as far as this process knows: tokens left, and in how many seconds there are more.

    With tokens left, `seconds` is until the bucket is full; without, until there is one.
    """

    left: int
    seconds: int

    def headers(self) -> dict[str, str]:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers-10."""
        burst, window = settings.CLIENT_BURST, ceil(settings.CLIENT_BURST / settings.CLIENT_RATE)
        return {
            "RateLimit-Policy": f'"{POLICY}";q={burst};w={window}',
            "RateLimit": f'"{POLICY}";r={self.left};t={self.seconds}',
        }


@dataclass(slots=True)
class _Lease:
    """What this process holds of the bucket of one client."""

    tokens: int = 0
    since: int = 0
    spent_until: int = 0  # how the bucket was when this process looked last
    is_empty_until: int = 0
    lock: Lock = field(default_factory=Lock)


_leases: dict[int, _Lease] = {}


def take(client: int, *, at: datetime) -> Standing:
    """Take one token of the client with this primary key.

    Raises:
        TooFastError: there is none now.
    """
    now = int(at.timestamp() * _SECOND)
    lease = _leases.get(client) or _leases.setdefault(client, _Lease())
    with lease.lock:  # threads that come together make one claim, not each their own
        if lease.since <= now < lease.is_empty_until:
            raise TooFastError(_standing(lease, now))
        if not lease.tokens or not lease.since <= now < lease.since + _LEASE:
            _renew(lease, client, now)
        lease.tokens -= 1
        return _standing(lease, now)


def take_for(meta: dict[str, Any], client: int, *, at: datetime) -> None:
    """Take one token for the request with this `META`, and keep there how the client then stands.

    Raises:
        TooFastError: there is none now.
    """
    try:
        meta[STANDING] = take(client, at=at)
    except TooFastError as error:
        meta[STANDING] = error.standing
        raise


def forget_all() -> None:
    """Let go of every token that this process holds."""
    _leases.clear()


os.register_at_fork(after_in_child=forget_all)  # or the parent and the child would both use them


def _renew(lease: _Lease, client: int, now: int) -> None:
    lease.since, lease.tokens, lease.is_empty_until = now, 0, 0
    wanted = _block()
    while wanted:
        spent_until = _claim(client, wanted, now)
        if spent_until is not None:
            lease.tokens, lease.spent_until = wanted, spent_until
            return
        lease.spent_until = ClientAllowance.objects.values_list("spent_until", flat=True).get(
            pk=client
        )
        wanted = min(wanted - 1, _left(lease.spent_until, now))
    lease.is_empty_until = _next_token(lease.spent_until)
    raise TooFastError(_standing(lease, now))


def _claim(client: int, tokens: int, now: int) -> int | None:
    """Take tokens from the bucket if they are all there; return until when it is then spent."""
    cost, full = tokens * _cost(), _cost() * settings.CLIENT_BURST
    absurd = now + full + _CLOCKS_DIFFER
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            [client, now + cost, cost, now, absurd, now, now + full - cost, absurd],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _cost() -> int:
    """Return how long the bucket takes to make one token."""
    return ceil(_SECOND / settings.CLIENT_RATE)


def _block() -> int:
    """Return how many tokens to claim at once: a tenth of a second of them, and few of a small bucket."""
    return int(max(1, min(settings.CLIENT_RATE, settings.CLIENT_BURST) // 10))


def _left(spent_until: int, now: int) -> int:
    free = now + _cost() * settings.CLIENT_BURST - max(spent_until, now)
    return max(0, free // _cost())


def _next_token(spent_until: int) -> int:
    """Return when an empty bucket has a token again."""
    return int(spent_until - _cost() * (settings.CLIENT_BURST - 1))


def _standing(lease: _Lease, now: int) -> Standing:
    left = min(settings.CLIENT_BURST, lease.tokens + _left(lease.spent_until, now))
    until = lease.spent_until if left else _next_token(lease.spent_until)
    return Standing(left=left, seconds=max(1, ceil((until - now) / _SECOND)))
