"""What happens to the log by itself."""

import logging
from functools import cache

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from audit import operations
from audit.keyfiles import KeyFileError

_logger = logging.getLogger(__name__)


@shared_task(acks_late=True)
def settle_log(**_later: object) -> None:
    """Number what is staged and sign it. Safe to run twice, or at once in two workers."""
    _reconciled_at_start()
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


@shared_task
def verify_log(**_later: object) -> None:
    """Verify the whole log, once a night. Asked every few minutes, so that a missed night is made good."""
    try:
        run = operations.verify_nightly(at=timezone.now(), clock=timezone.now)
    except KeyFileError as error:
        _logger.error("The log cannot be verified. %s", error)  # noqa: TRY400  # no traceback: it is an answer
        return
    if run is not None and not run.is_sound:
        _logger.error("The log was changed: %d faults. The first: %s", run.faults, run.first_fault)


@cache
def _reconciled_at_start() -> int:
    """Once in the life of a worker (again when it failed): find what was taken out of the queue."""
    count = operations.reconcile(at=timezone.now())
    if count:
        _logger.error(
            "Entries that were taken out of the queue of the log: %d. They wait again.", count
        )
    return count
