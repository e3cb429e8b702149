"""A person takes the key that finds every line about this person in the open log. Taking it is a line itself."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import DataSubject
from audit import keyring, tag_key
from audit.events import Actor, Event, EventKind
from audit.operations import append


@transaction.atomic
def take_tag_key(*, subject: DataSubject, at: datetime) -> bytes:
    """Return the file with the key, once it is logged that it was taken."""
    append(
        Event(
            kind=EventKind.TAG_KEY_TAKEN,
            actor=Actor.DATA_SUBJECT,
            at=at,
            subject_id=subject.id,
            shown={},
            internal={},
        ),
        key=subject.key,
    )
    return tag_key.to_bytes(key=keyring.tag_key(subject.key), origin=settings.LOG_ORIGIN)
