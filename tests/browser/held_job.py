"""Hold an export of the demo's officer where a browser can look at it: as if a worker were busy with it for a day.

`hold` begins one, and `move JOB DONE` lets it get further. Prints which job it is.
"""

import os
import sys
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import Role, User  # noqa: E402
from consent.models import Job  # noqa: E402
from consent.vocabulary import JobKind, JobState  # noqa: E402

A_DAY = timedelta(days=1)


def hold() -> str:
    now = timezone.now()
    job = Job.objects.create(
        kind=JobKind.LOG_EXPORT,
        arguments={"contents": "complete", "filter": {}},
        fingerprint=os.urandom(8).hex(),
        asked_by=User.objects.filter(role=Role.OFFICER).first(),
        state=JobState.RUNNING,
        attempt=1,
        lease_until=now + A_DAY,
        created_at=now,
        started_at=now - timedelta(minutes=1),
        done=100,
        total=1000,
    )
    return str(job.pk)


def move(job: str, done: str) -> str:
    Job.objects.filter(pk=job).update(done=int(done))
    return job


if __name__ == "__main__":
    print(move(*sys.argv[2:]) if sys.argv[1] == "move" else hold())  # noqa: T201
