"""One of several workers at the table of jobs, or what they find there. Prints what it saw as one line of JSON.

`prepare` makes a log and an export of it, and asks for the same export again; `die N` works on that and is
killed when it has noted N things, as by a power cut; `work` does what waits, and then lets several workers
take one job at once.
"""

import hashlib
import json
import os
import signal
import sys
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Role, User  # noqa: E402
from accounts.operations import create_user  # noqa: E402
from audit import archive_kinds, operations  # noqa: E402
from audit.contents import Contents  # noqa: E402
from audit.events import Actor, Event, EventKind  # noqa: E402
from consent.models import Job  # noqa: E402
from consent.operations import exports, job_kinds, jobs  # noqa: E402
from consent.operations.jobs import Work  # noqa: E402
from consent.queries.log import LogFilters  # noqa: E402
from consent.vocabulary import JobKind  # noqa: E402

WORKERS = 4
archive_kinds._ROWS = 3  # so that a few entries are many steps


def prepare() -> object:
    at = timezone.now()
    officer = create_user(email="fg@example.org", password="-", role=Role.OFFICER, at=at)
    for number in range(9):
        event = Event(
            kind=EventKind.LOG_READ,
            actor=Actor.SYSTEM,
            at=at,
            subject_id=None,
            shown={},
            internal={"number": number},
        )
        with transaction.atomic():
            operations.append(event)
    exports.ask(officer=officer, contents=Contents.TABLE, filters=LogFilters(), at=at)
    do_what_waits()
    made = Job.objects.get()
    again = jobs.enqueue(
        kind=JobKind.LOG_EXPORT, arguments=made.arguments, officer=officer, at=timezone.now()
    )
    # As of the same moment: else the bytes could not be the same.
    checkpoint = {name: made.checkpoint[name] for name in ("size", "at")}
    Job.objects.filter(pk=again.pk).update(checkpoint=checkpoint, total=made.total)
    return digest(made)


def race() -> object:
    """Let workers take one job at the same moment, each with a connection of its own."""
    job = jobs.enqueue(
        kind=JobKind.LOG_VERIFICATION, arguments={}, officer=User.objects.get(), at=timezone.now()
    )
    together, taken = threading.Barrier(WORKERS), []

    def take() -> None:
        together.wait()
        found = jobs.claim(job_id=job.pk, kinds=set(JobKind), at=timezone.now())
        taken.append(found is not None)
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job.refresh_from_db()
    return {"taken": dict(Counter(map(str, taken))), "attempt": job.attempt}


def die(notes: int) -> object:
    left = notes
    write = Work._write

    def written(work: Work, **facts: Any) -> None:
        nonlocal left
        write(work, **facts)
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    Work._write = written  # type: ignore[assignment, method-assign]
    do_what_waits()
    return "survived"


def work() -> object:
    do_what_waits()
    jobs.forget_old(at=timezone.now())
    made = [
        [job.state, job.attempt, job.done, job.total, digest(job)]
        for job in Job.objects.order_by("created_at")
    ]
    return {"jobs": made, "files": len(list(settings.EXPORTS_DIR.iterdir())), "race": race()}


def do_what_waits() -> None:
    """Work as one who begins long after the others fell silent."""
    jobs.recover(at=timezone.now() + timedelta(hours=1))
    for job in Job.objects.filter(state="queued"):
        job_kinds.run(job_id=job.pk, clock=timezone.now)


def digest(job: Job) -> str:
    return hashlib.sha256((settings.EXPORTS_DIR / job.result).read_bytes()).hexdigest()


ACTS = {"prepare": prepare, "work": work}

if __name__ == "__main__":
    act, *notes = sys.argv[1:]
    print(json.dumps(die(int(notes[0])) if notes else ACTS[act]()))  # noqa: T201
