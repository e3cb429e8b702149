"""Letting another key sign access tokens. Each step is a line in the log."""

from datetime import datetime

from django.db import transaction

from accounts import token_keys
from audit.events import Actor, Event, EventKind
from audit.operations import append


@transaction.atomic
def begin_token_key_rotation(*, at: datetime) -> str:
    """Let a new key sign; return its name. What the old one signed still counts.

    Raises:
        RotationError: a rotation was begun already.
        KeyFileError: a file cannot be read or written.
    """
    # The file last: when it cannot be changed, nothing is said either.
    _log(EventKind.SIGNING_KEY_ROTATED, at=at)
    return token_keys.begin_rotation().kid


@transaction.atomic
def finish_token_key_rotation(*, at: datetime) -> None:
    """Destroy the old key: what it signed no longer counts.

    Raises:
        RotationError: no rotation was begun.
        KeyFileError: the file cannot be removed.
    """
    _log(EventKind.SIGNING_KEY_RETIRED, at=at)
    token_keys.finish_rotation()


def _log(kind: EventKind, *, at: datetime) -> None:
    key = token_keys.accepted_keys()[-1].kid  # the one that is, or is about to be, the old one
    append(
        Event(
            kind=kind,
            actor=Actor.SYSTEM,
            at=at,
            subject_id=None,
            shown={},
            internal={"oldKey": key},
        )
    )
