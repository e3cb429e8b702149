"""What the service desk has before it."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models.people import DataSubject, User
from accounts.vocabulary import OpeningReason


class DeskOpening(models.Model):
    """One customer, open before one employee of the service desk for a while, for a reason.

    What the employee wrote to the customer about it stands in the log alone, sealed with the key of
    the customer. The row is kept for a day.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    employee = models.ForeignKey(User, models.CASCADE, related_name="+")
    subject = models.ForeignKey(DataSubject, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=16, choices=[(it.value, it.value) for it in OpeningReason])
    opened_at = models.DateTimeField()
    open_until = models.DateTimeField()  # exclusive
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["employee"],
                condition=Q(closed_at=None),
                name="one_customer_at_a_time_is_open",
            ),
        ]
        indexes = [models.Index(fields=["open_until"], name="openings_by_their_end")]

    def __str__(self) -> str:
        return f"opening {self.id}"
