"""Every kind of job there is, and what a worker does with one.

A new kind is: a member of `JobKind`, a module here with a function that does the work and one that asks for
it again, a line in `KINDS` that also names the right it takes, and its words in `officer/job_words.py`. The work says how far it is with
`work.note(done=...)` at least every half minute, keeps in `checkpoint` what another attempt goes on from,
writes its result through `result_files`, and ends with `work.finish(...)`. What it raises otherwise is taken
for a worker that died: the job is tried again, a few times.
"""

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from accounts import policy
from accounts.models import User
from accounts.policy import Action, Target
from audit import operations as log
from consent.job_rules import LIVING
from consent.models import Job
from consent.operations import exports, jobs, recomputing, result_files
from consent.operations.jobs import LeaseLostError, Work
from consent.vocabulary import JobFault, JobKind

logger = logging.getLogger(__name__)

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class AskAgain(Protocol):
    def __call__(self, *, job: Job, officer: User, at: datetime) -> Job: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    action: Action  # what whoever asks has to be allowed, also when the work begins
    do: Callable[[Work], None]
    ask_again: AskAgain


KINDS: dict[str, Kind] = {
    JobKind.LOG_EXPORT: Kind(
        action=Action.EXPORT_LOG, do=exports.make, ask_again=exports.ask_again
    ),
    JobKind.LOG_VERIFICATION: Kind(
        action=Action.VERIFY_LOG, do=recomputing.recompute, ask_again=recomputing.ask_again
    ),
}


def run(*, job_id: UUID, clock: Callable[[], datetime]) -> None:
    """Do a job that waits. One that somebody else has, that ended, or of a kind from a newer program is left alone."""
    job = jobs.claim(job_id=job_id, kinds=KINDS.keys(), at=clock())
    if job is None:
        return
    work = Work(job=job, clock=clock)
    if not _may(job.asked_by, KINDS[job.kind].action):
        _fail(work, JobFault.NOT_ALLOWED)
        return
    try:
        KINDS[job.kind].do(work)
    except LeaseLostError:
        # While another attempt goes on, it may still be reading what this one wrote.
        if not Job.objects.filter(pk=job.pk, state__in=LIVING).exists():
            result_files.remove_all_of(job)
    except log.LogBrokenError:
        _fail(work, JobFault.LOG_BROKEN)
    except OSError as error:
        logger.warning("A job of kind %s cannot write (%s).", job.kind, error.strerror)
        _fail(work, JobFault.NO_ROOM if error.errno in _NO_ROOM else JobFault.NOT_WRITABLE)


def ask_again(*, job: Job, officer: User, at: datetime) -> Job:
    """Ask the same once more.

    Raises:
        ConsentError: that cannot be done now; it says why.
    """
    return KINDS[job.kind].ask_again(job=job, officer=officer, at=at)


def _may(asker: User | None, action: Action) -> bool:
    """Ask the table of rights again: between asking and doing, somebody may have lost the role or the login."""
    if asker is None or not asker.is_active:
        return False
    actor = policy.of_role(asker.role, user_id=asker.pk)
    return policy.can(actor, action, Target()).permitted


def _fail(work: Work, fault: JobFault) -> None:
    work.fail(fault)
    result_files.remove_all_of(work.job)
