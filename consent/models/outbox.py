"""Messages to be sent, stored in the transaction that they tell about."""

import uuid

from django.db import models

from accounts.models import DataSubject


class Message(models.Model):
    """A confirmation of one submission, to be mailed. Holds no address and no text: both are looked up when it is sent."""

    TRIES = 10

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(DataSubject, models.CASCADE, related_name="+")
    submission = models.CharField(max_length=16, unique=True)
    language = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return f"message {self.id}"

    @property
    def is_given_up(self) -> bool:
        return self.sent_at is None and self.attempts >= self.TRIES
