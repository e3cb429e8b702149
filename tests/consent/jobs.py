"""What tests of jobs share: a clock, what was said to workers, a job in the hands of one."""

import queue
from datetime import datetime, timedelta

from celery import current_app

from accounts.models import User
from consent.models import Job
from consent.operations import jobs
from consent.operations.jobs import Work
from consent.vocabulary import JobKind
from tests.factories import NOW

SECOND = timedelta(seconds=1)
KINDS = frozenset(JobKind)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def ask(officer: User, *, at: datetime = NOW, **arguments: str) -> Job:
    return jobs.enqueue(
        kind=JobKind.LOG_VERIFICATION, arguments={**arguments}, officer=officer, at=at
    )


def take(job: Job, *, clock: Clock) -> Work:
    """Claim the job as a worker does."""
    found = jobs.claim(job_id=job.pk, kinds=KINDS, at=clock())
    assert found is not None
    return Work(job=found, clock=clock)


def nudges() -> list[str]:
    """Return which jobs the broker has messages about, and take those messages away."""
    found = []
    with current_app.connection_for_read() as connection:
        messages = connection.SimpleQueue("celery")
        while True:
            try:
                message = messages.get_nowait()
            except queue.Empty:
                break
            assert message.headers["task"] == "consent.tasks.run_job"
            found.append(message.payload[1]["job"])
            message.ack()
        messages.close()
    return found
