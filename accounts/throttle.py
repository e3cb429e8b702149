"""How often something was tried, counted so that many processes at once cannot go over a limit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from accounts.models import ThrottleCounter
from audit import keyring

_WINDOW = timedelta(minutes=15)
_EPOCH = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` times per window of 15 minutes."""

    name: str
    most: int


PASSWORDS_PER_ACCOUNT = Limit(name="password-account", most=10)
PASSWORDS_PER_ADDRESS = Limit(name="password-address", most=50)
CODES_PER_ADDRESS = Limit(name="code-address", most=20)
REQUESTS_PER_PERSON = Limit(name="request-person", most=5)
REQUESTS_PER_ADDRESS = Limit(name="request-address", most=20)
POSTED_CODES_PER_ADDRESS = Limit(name="posted-code-address", most=20)


def count(*, limit: Limit, value: str, at: datetime) -> int:
    """Count one more attempt and return how many there are in this window.

    Call it outside the transaction of what is tried: an attempt that fails has still been made.
    """
    with transaction.atomic():
        counter, _ = ThrottleCounter.objects.get_or_create(
            key=_key(limit, value), window_start=window_start(at)
        )
        # The update locks the row until commit: two attempts never read the same number.
        ThrottleCounter.objects.filter(pk=counter.pk).update(count=F("count") + 1)
        return ThrottleCounter.objects.values_list("count", flat=True).get(pk=counter.pk)


def take_back(*, limit: Limit, value: str, at: datetime) -> None:
    """Take back one attempt, that succeeded: people behind one address must not lock each other out."""
    ThrottleCounter.objects.filter(
        key=_key(limit, value), window_start=window_start(at), count__gt=0
    ).update(count=F("count") - 1)


def forget(*, limit: Limit, value: str) -> None:
    """Forget every attempt of this value."""
    ThrottleCounter.objects.filter(key=_key(limit, value)).delete()


def window_start(at: datetime) -> datetime:
    return at - (at - _EPOCH) % _WINDOW


def window_end(at: datetime) -> datetime:
    return window_start(at) + _WINDOW


def _key(limit: Limit, value: str) -> str:
    return keyring.blind_index(label=f"throttle/{limit.name}", value=value)
