"""What happens to the log by itself."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from audit import operations


@shared_task(acks_late=True)
def settle_log(**_later: object) -> None:
    """Number what is staged and sign it. Safe to run twice, or at once in two workers."""
    operations.settle(at=timezone.now())


@shared_task(acks_late=True)
def expire_months(**_later: object) -> None:
    """Destroy the keys of months that were kept long enough; what only officers could read is then gone."""
    months = settings.LOG_INTERNAL_MONTHS
    while months and operations.expire_month(at=timezone.now(), months=months):
        pass


@shared_task(acks_late=True)
def ask_witnesses(**_later: object) -> None:
    """Ask the witnesses of the policy to sign the newest head. Safe to run twice, or at once in two workers."""
    operations.ask_witnesses(at=timezone.now())
