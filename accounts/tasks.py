"""What runs by itself. Each task reads the clock, and is safe to run twice and by several workers at once."""

from celery import shared_task
from django.utils import timezone

from accounts import operations
from accounts.operations.recovery_cases import finish_cases
from accounts.operations.requests import answer_requests as answer_waiting_requests


@shared_task
def forget_expired(**_later: object) -> None:
    operations.forget_expired(at=timezone.now())


@shared_task
def answer_requests(**_later: object) -> None:
    """Do what was asked on pages that do not tell who is known here."""
    answer_waiting_requests(at=timezone.now())


@shared_task
def finish_recoveries(**_later: object) -> None:
    """Finish the cases whose waiting time is over."""
    finish_cases(at=timezone.now())
