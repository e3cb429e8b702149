"""What the organisation holds about a data subject. Values are sealed with the key of that person."""

import uuid

from django.db import models

from accounts.models import DataSubject
from consent.models.register import DataItem, Source


class HeldItem(models.Model):
    """One value, with where and when it came from."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(DataSubject, models.PROTECT, related_name="held_items")
    item = models.ForeignKey(DataItem, models.PROTECT, related_name="+")
    value_sealed = models.BinaryField()
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    obtained_on = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["subject", "item"], name="held_item_by_subject")]

    def __str__(self) -> str:
        return f"held item {self.id}"
