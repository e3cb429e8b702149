"""What becomes of the keys. Each of it is an event in the log."""

from datetime import datetime

from django.db import transaction

from audit import keyring
from audit.events import Actor, Event, EventKind
from audit.models import Erasure, Key
from audit.operations.appending import append


class MonthNotOverError(Exception):
    """The key of a month that is not over still seals what happens, the destruction itself included."""


@transaction.atomic
def destroy_key(*, key: Key, at: datetime, actor: Actor = Actor.SYSTEM) -> None:
    """Destroy a key and log that it was done; without that line the log no longer verifies.

    What the key sealed can never be read again. Destroying it twice is harmless.

    Raises:
        MonthNotOverError: it is the key of this month, or of a later one.
    """
    key = Key.objects.select_for_update().get(pk=key.pk)
    if key.destroyed_at is not None:
        return
    if key.kind == Key.Kind.MONTH and key.month >= keyring.month_of(at):
        raise MonthNotOverError
    entry = append(
        Event(
            kind=EventKind.KEY_DESTROYED,
            actor=actor,
            at=at,
            subject_id=None,
            shown={},
            internal=keyring.name_of(key),
        )
    )
    Erasure.objects.create(key=key, kind=key.kind, at=at, entry=entry)
    keyring.destroy(key=key, at=at)  # noqa: TID251  # the one place
