"""What runs by itself, every hour."""

from celery import shared_task
from django.utils import timezone

from accounts import operations


@shared_task
def forget_expired(**_later: object) -> None:
    operations.forget_expired(at=timezone.now())
