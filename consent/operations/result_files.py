"""Files of jobs: a folder per attempt, and the result. For this account alone.

Each attempt has a folder of its own, `<job>.<attempt>`, and goes on in a copy of what the one before it
left: whoever lost the job, and does not know it yet, writes in a folder that nobody looks at.
"""

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings

from consent.job_rules import LIVING
from consent.models import Job

_OURS = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[0-9]+(?:\.[a-z]+)*")


def begin(job: Job, *, after_attempt: int | None) -> tuple[Path, bool]:
    """Make the folder of this attempt; return it, and whether it holds what that earlier attempt did."""
    folder = _folder(job, job.attempt)
    left = _folder(job, after_attempt) if after_attempt is not None else None
    if left is None or not left.is_dir():
        return begin_anew(job), False
    shutil.copytree(left, folder)
    for path in [folder, *folder.rglob("*")]:
        _sync(path)
    return folder, True


def begin_anew(job: Job) -> Path:
    """Make the folder of this attempt, and leave nothing in it."""
    folder = _folder(job, job.attempt)
    shutil.rmtree(folder, ignore_errors=True)
    settings.EXPORTS_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    return folder


def place_for(job: Job, *, suffix: str) -> Path:
    """Return where the result of this attempt comes; whoever writes it gives it that name when all of it is on disk."""
    return Path(settings.EXPORTS_DIR) / f"{job.pk}.{job.attempt}{suffix}"


def remove_attempt(job: Job, attempt: int) -> None:
    shutil.rmtree(_folder(job, attempt), ignore_errors=True)


def remove_all_of(job: Job) -> None:
    """Remove what this attempt left: its folder, half a result, a result that nobody was told of."""
    name = f"{job.pk}.{job.attempt}"
    _remove([_folder(job, job.attempt), *settings.EXPORTS_DIR.glob(f"{name}.*")])


def sweep() -> None:
    """Remove what no job needs: results of jobs that are gone, and what crashes left. Other files stay."""
    if not settings.EXPORTS_DIR.is_dir():
        return
    # The files first: a job that begins meanwhile has no file in this list.
    found = {
        path: UUID(match[1])
        for path in settings.EXPORTS_DIR.iterdir()
        if (match := _OURS.fullmatch(path.name))
    }
    jobs = Job.objects.in_bulk(set(found.values()))
    _remove(path for path, name in found.items() if not _is_needed(path, jobs.get(name)))


def path_of(job: Job) -> Path | None:
    """Return where the result of this job is; None when what the table names is no file of this job.

    Whoever can write in the database could name the file of a key there.
    """
    named = _OURS.fullmatch(job.result)
    is_of_it = named is not None and named[1] == str(job.pk)
    return Path(settings.EXPORTS_DIR) / job.result if is_of_it else None


def _is_needed(path: Path, job: Job | None) -> bool:
    return job is not None and (job.state in LIVING or path.name == job.result)


def _folder(job: Job, attempt: int) -> Path:
    # As a number: the table could hold a way to another folder there, which would be copied and then removed.
    return Path(settings.EXPORTS_DIR) / f"{job.pk}.{attempt:d}"


def _remove(paths: Iterable[Path]) -> None:
    """Remove what can be removed: somebody may still write there, or nobody may. The next sweep tries again."""
    for path in paths:
        with suppress(OSError):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _sync(path: Path) -> None:
    """Return when it is on disk; of a folder, the names in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
