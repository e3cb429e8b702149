"""Work that may wait. Each task reads the clock and makes one call into the domain."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from consent.operations import job_kinds, jobs, key_reminders
from consent.operations.letters import make_letters as make_due_letters
from consent.operations.messages import send_messages as send_due_messages
from consent.operations.notices import send_notices


@shared_task
def send_messages(**_later: object) -> None:
    """Mail what is due in both outboxes. Safe to run twice, and by several workers at once."""
    send_notices(at=timezone.now())
    send_due_messages(at=timezone.now())


@shared_task
def remind_of_keys(**_later: object) -> None:
    """Tell of keys of services that end soon. Safe to run twice, and by several workers at once."""
    key_reminders.remind_of_keys(at=timezone.now())


@shared_task
def make_letters(**_later: object) -> None:
    """Make the letters with a code, for whoever prints and posts them."""
    make_due_letters(at=timezone.now())


@shared_task
def run_job(*, job: str, **_later: object) -> None:
    """Do a job, if it still waits. Safe to run twice, and by several workers at once."""
    job_kinds.run(job_id=UUID(job), clock=timezone.now)


@shared_task
def recover_jobs(**_later: object) -> None:
    """Bring up jobs whose worker died or whose message was lost."""
    jobs.recover(at=timezone.now())


@shared_task
def forget_old_jobs(**_later: object) -> None:
    jobs.forget_old(at=timezone.now())
