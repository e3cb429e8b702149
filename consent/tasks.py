"""Work that may wait. Each task reads the clock and makes one call into the domain."""

from celery import shared_task
from django.utils import timezone

from consent.operations.messages import send_messages as send_due_messages


@shared_task
def send_messages(**_later: object) -> None:
    """Mail the confirmations that are due. Safe to run twice, and by several workers at once."""
    send_due_messages(at=timezone.now())
