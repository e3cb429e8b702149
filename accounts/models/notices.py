"""What is to be told to the owner of an account, stored in the transaction that it tells about."""

import uuid

from django.db import models

from accounts.models.people import User
from audit.models import Key


class Notice(models.Model):
    """A mail about an account: its kind, and sealed what it needs besides.

    `key` seals the facts. `user` is None for who has no account yet. Once it is sent the facts are gone,
    and with them the secret of a link.
    """

    TRIES = 10

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    key = models.ForeignKey(Key, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=32)
    facts_sealed = models.BinaryField()
    language = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return f"notice {self.id}"
