"""Exports and verifications as jobs: what a worker makes of them, also when it is cut off, late or without room."""

import hashlib
import logging
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

import pytest
from pytest_django import Settings

from accounts.models import DataSubject, User
from audit.archive import NothingSignedError
from audit.contents import Contents
from audit.events import EventKind
from audit.models import Leaf, LogEntry, LogHead, VerificationRun
from audit.operations import settle
from audit.queries import EntryFilter, entries
from consent import tasks
from consent.models import Job
from consent.operations import exports, job_kinds, jobs, recomputing, result_files
from consent.operations.exports import LogBrokenError, ResultGoneError
from consent.operations.jobs import LeaseLostError, Work
from consent.queries.jobs import filter_of
from consent.queries.log import LogFilters
from consent.vocabulary import JobFault, JobState
from tests.audit.builders import an_event, append, lifted_triggers
from tests.consent.jobs import Clock, take
from tests.factories import NOW

ALL_CONTENTS = pytest.mark.parametrize("contents", list(Contents))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    place = tmp_path / "exports"
    settings.EXPORTS_DIR = place
    return place


@pytest.fixture
def log(folder: Path, carla: User) -> int:
    return grow(9)


def grow(lines: int) -> int:
    for _ in range(lines):
        append(an_event(kind=EventKind.LOG_READ, subject_id=None, at=NOW))
    return lines


def ask(officer: User, contents: Contents = Contents.COMPLETE, **filters: Any) -> Job:
    return exports.ask(officer=officer, contents=contents, filters=LogFilters(**filters), at=NOW)


def run(job: Job, clock: Clock) -> Job:
    job_kinds.run(job_id=job.pk, clock=clock)
    return Job.objects.get(pk=job.pk)


def digest(job: Job) -> str:
    path = result_files.path_of(job)
    assert path is not None
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def cut_off_after(notes: int) -> Iterator[None]:
    """Let the worker die, as by a power cut, at some thing that it notes; what it did before stays."""
    left = notes
    with pytest.MonkeyPatch.context() as patch:
        write = Work._write

        def written(work: Work, **facts: Any) -> None:
            nonlocal left
            if left == 0:
                raise SystemExit
            left -= 1
            write(work, **facts)

        patch.setattr(Work, "_write", written)
        with pytest.raises(SystemExit):
            yield


class TestAsking:
    def test_is_logged_before_anything_is_written(
        self, carla: User, log: int, folder: Path
    ) -> None:
        job = ask(carla, Contents.SELECTION, kind=EventKind.CONSENT_GIVEN)

        (newest,) = entries(filter=EntryFilter(kind=EventKind.LOG_EXPORTED), before=None, limit=2)
        assert newest.internal == {
            "user": str(carla.id),
            "filter": {"kind": EventKind.CONSENT_GIVEN.value},
            "form": "selection",
        }
        assert not folder.exists()
        assert job.arguments == {
            "contents": "selection",
            "filter": {"kind": EventKind.CONSENT_GIVEN.value},
        }

    def test_names_a_customer_by_the_internal_id_only(
        self, carla: User, anna: DataSubject, log: int
    ) -> None:
        job = ask(carla, Contents.SELECTION, reference="VW-0000001")

        assert job.arguments["filter"] == {"subject": str(anna.id)}
        (seen,) = entries(filter=EntryFilter(subject_id=anna.id), before=None, limit=2)
        assert seen.kind is EventKind.LOG_EXPORTED
        assert seen.internal == {"user": str(carla.id), "filter": {}, "form": "selection"}

    def test_about_a_number_that_nobody_has_names_nobody(self, carla: User, log: int) -> None:
        job = ask(carla, Contents.TABLE, reference="VW-9999999")

        assert job.arguments["filter"] == {"subject": str(UUID(int=0))}
        (newest,) = entries(filter=EntryFilter(kind=EventKind.LOG_EXPORTED), before=None, limit=2)
        assert newest.subject_id is None

    def test_for_the_whole_log_leaves_filters_aside(self, carla: User, log: int) -> None:
        job = ask(carla, Contents.COMPLETE, purpose="lekwaarschuwing")

        assert job.arguments["filter"] == {}

    def test_keeps_the_whole_filter_in_the_job(self) -> None:
        asked = EntryFilter(
            since=datetime(2026, 1, 1, tzinfo=UTC),
            until=datetime(2026, 2, 1, tzinfo=UTC),
            kind="access.decision.made",
            purpose="a",
            outcome="refused",
            recipient="b",
            subject_id=uuid4(),
        )

        assert filter_of({"filter": asked.to_json()}) == asked
        assert filter_of({}) == EntryFilter()

    def test_of_a_broken_log_is_refused_and_not_logged(self, carla: User, log: int) -> None:
        with lifted_triggers():
            LogHead.objects.update(root=bytes(32))

            with pytest.raises(LogBrokenError):
                ask(carla)

        assert not Job.objects.exists()
        assert not LogEntry.objects.filter(kind=EventKind.LOG_EXPORTED).exists()


class TestMaking:
    @ALL_CONTENTS
    def test_puts_one_file_in_place_for_this_account_alone(
        self, carla: User, log: int, folder: Path, clock: Clock, contents: Contents
    ) -> None:
        job = run(ask(carla, contents), clock)

        assert (job.state, job.done, job.total) == ("done", log + 1, log + 1)
        assert [path.name for path in folder.iterdir()] == [f"{job.pk}.1.zip"] == [job.result]
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / job.result).stat().st_mode & 0o777 == 0o600
        assert job.result_size == (folder / job.result).stat().st_size
        with ZipFile(folder / job.result) as packed:
            assert packed.testzip() is None

    @ALL_CONTENTS
    def test_is_of_the_log_as_it_was_when_it_began(
        self, carla: User, log: int, folder: Path, clock: Clock, contents: Contents
    ) -> None:
        job = ask(carla, contents)
        with cut_off_after(1):
            run(job, clock)
        grow(4)
        clock.wait(60)
        jobs.recover(at=clock())

        assert run(job, clock).total == log + 1

    @ALL_CONTENTS
    def test_that_was_cut_off_anywhere_gives_the_same_bytes(
        self, carla: User, log: int, folder: Path, clock: Clock, contents: Contents
    ) -> None:
        whole = run(ask(carla, contents), clock)
        results, points = {whole.result: digest(whole)}, 5
        for point in range(points):
            # As of the same moment, or the bytes could not be the same.
            job = Job.objects.create(
                kind=whole.kind,
                arguments=whole.arguments,
                fingerprint=f"{point}",
                asked_by=carla,
                created_at=NOW,
                total=whole.total,
                checkpoint={name: whole.checkpoint[name] for name in ("size", "at")},
            )
            with cut_off_after(point):
                run(job, clock)
            clock.wait(3600)
            jobs.recover(at=clock())
            job = run(job, clock)
            assert (job.state, job.attempt) == ("done", 2)
            results[job.result] = digest(job)

        assert len(results) == 1 + points
        assert len(set(results.values())) == 1
        result_files.sweep()
        assert {path.name for path in folder.iterdir()} == results.keys()

    def test_begins_anew_when_the_disk_kept_less_than_it_said(
        self, carla: User, log: int, folder: Path, clock: Clock
    ) -> None:
        job = ask(carla)
        with cut_off_after(4):
            run(job, clock)
        job.refresh_from_db()
        assert job.done > 0
        (left,) = folder.iterdir()
        (left / "manifest.json").unlink()
        for path in filter(Path.is_file, left.rglob("*")):
            path.write_bytes(b"")
        clock.wait(3600)
        jobs.recover(at=clock())

        assert run(job, clock).state == JobState.DONE

    def test_begins_anew_when_the_folder_is_gone(
        self, carla: User, log: int, folder: Path, clock: Clock
    ) -> None:
        job = ask(carla)
        with cut_off_after(4):
            run(job, clock)
        shutil.rmtree(folder)
        clock.wait(3600)
        jobs.recover(at=clock())

        assert run(job, clock).state == JobState.DONE

    def test_by_a_worker_that_lost_it_leaves_the_files_to_the_next(
        self, carla: User, log: int, folder: Path, clock: Clock
    ) -> None:
        job = ask(carla)
        late = take(job, clock=clock)
        late.note(total=log + 1, checkpoint={"size": log + 1, "at": NOW.isoformat()})
        exports._folder(late)
        clock.wait(3600)
        jobs.recover(at=clock())
        new = take(job, clock=clock)
        there = exports._folder(new)

        with pytest.raises(LeaseLostError):
            exports.make(late)

        assert [path.name for path in folder.iterdir()] == [there.name] == [f"{job.pk}.2"]


class Meddler(Clock):
    """A clock that does something when it is read for the nth time: as another process would, in the middle."""

    def __init__(self, turn: int, act: Callable[[], object]) -> None:
        super().__init__()
        self._turns, self._act = turn, act

    def __call__(self) -> datetime:
        self._turns -= 1
        if self._turns == 0:
            self._act()
        return super().__call__()


class TestCancelling:
    def test_what_runs_stops_it_and_keeps_nothing(
        self, carla: User, log: int, folder: Path
    ) -> None:
        job = ask(carla)

        ended = run(job, Meddler(6, lambda: jobs.cancel(job_id=job.pk, at=NOW)))

        assert (ended.state, ended.result) == (JobState.CANCELLED, "")
        assert list(folder.iterdir()) == []

    def test_what_waits_means_that_nobody_begins(
        self, carla: User, log: int, folder: Path, clock: Clock
    ) -> None:
        job = ask(carla)
        jobs.cancel(job_id=job.pk, at=NOW)

        assert run(job, clock).state == JobState.CANCELLED
        assert not folder.exists()

    def test_in_the_very_last_moment_keeps_nothing_either(
        self, carla: User, log: int, folder: Path, clock: Clock
    ) -> None:
        other = run(ask(carla, Contents.TABLE), clock)
        job, reads = ask(carla), 0

        class Last(Clock):
            def __call__(self) -> datetime:
                nonlocal reads
                if (folder / f"{job.pk}.1.zip").exists():
                    reads += 1
                    jobs.cancel(job_id=job.pk, at=NOW)
                return super().__call__()

        assert run(job, Last()).state == JobState.CANCELLED
        assert reads == 1
        assert [path.name for path in folder.iterdir()] == [other.result]

    def test_and_taking_over_leaves_the_files_of_the_one_that_lost(
        self, carla: User, log: int, folder: Path
    ) -> None:
        job = ask(carla)
        late = datetime(2026, 4, 1, tzinfo=UTC)

        state = run(job, Meddler(6, lambda: jobs.recover(at=late))).state

        assert state == JobState.QUEUED
        assert [path.name for path in folder.iterdir()] == [f"{job.pk}.1"]


@contextmanager
def a_disk_that_ends_at(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class TestFailing:
    def test_for_want_of_room_says_so_and_leaves_nothing_half(
        self,
        carla: User,
        log: int,
        folder: Path,
        clock: Clock,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        job = ask(carla)

        with caplog.at_level(logging.WARNING), a_disk_that_ends_at(1000):
            job = run(job, clock)

        assert (job.state, job.fault) == (JobState.FAILED, JobFault.NO_ROOM)
        assert list(folder.iterdir()) == []
        assert [record.message for record in caplog.records] == [
            "A job of kind log-export cannot write (File too large)."
        ]

    def test_for_a_folder_that_cannot_be_made_says_so(
        self, carla: User, log: int, settings: Settings, tmp_path: Path, clock: Clock
    ) -> None:
        (tmp_path / "file").touch()
        settings.EXPORTS_DIR = tmp_path / "file" / "exports"

        job = run(ask(carla), clock)

        assert (job.state, job.fault) == (JobState.FAILED, JobFault.NOT_WRITABLE)

    def test_when_the_log_breaks_between_asking_and_making(
        self, carla: User, log: int, folder: Path, clock: Clock
    ) -> None:
        job = ask(carla)

        with lifted_triggers():
            LogHead.objects.update(root=bytes(32))
            job = run(job, clock)

        assert (job.state, job.fault) == (JobState.FAILED, JobFault.LOG_BROKEN)
        assert not folder.exists()

    def test_for_a_reason_of_ours_leaves_it_to_the_next_attempt(
        self, carla: User, log: int, folder: Path, clock: Clock
    ) -> None:
        job = ask(carla)
        Job.objects.update(checkpoint={"size": 0, "at": NOW.isoformat()}, total=0)

        with pytest.raises(NothingSignedError):  # a size that the log never had
            run(job, clock)

        assert Job.objects.get().state == JobState.RUNNING

    def test_goes_on_in_no_other_folder_whatever_the_table_says(
        self, carla: User, log: int, folder: Path, clock: Clock, tmp_path: Path
    ) -> None:
        secret = tmp_path / "keys" / "secret.key"
        secret.parent.mkdir()
        secret.write_bytes(b"of nobody else")
        job = ask(carla)
        (folder / f"{job.pk}.1").mkdir(parents=True)
        way = f"1/{os.path.relpath(secret.parent, folder / 'any')}"
        facts = {"size": log, "at": NOW.isoformat(), "attempt": way}
        Job.objects.filter(pk=job.pk).update(checkpoint=facts, attempt=1)

        with pytest.raises(ValueError, match="format"):
            run(job, clock)

        assert secret.exists()
        assert not list(folder.rglob(secret.name))


class TestDownloading:
    def test_is_logged_and_seen_by_who_is_named(
        self, carla: User, anna: DataSubject, log: int, folder: Path, clock: Clock
    ) -> None:
        job = run(ask(carla, Contents.SELECTION, reference="VW-0000001"), clock)

        path = exports.download(officer=carla, job=job, at=NOW)

        assert path == folder / job.result
        (newest, *_) = entries(filter=EntryFilter(subject_id=anna.id), before=None, limit=2)
        assert newest.kind is EventKind.EXPORT_DOWNLOADED
        assert newest.internal == {
            "user": str(carla.id),
            "filter": {},
            "form": "selection",
            "job": str(job.pk),
        }

    def test_of_a_file_that_is_gone_is_refused_and_not_logged(
        self, carla: User, log: int, folder: Path, clock: Clock
    ) -> None:
        job = run(ask(carla), clock)
        (folder / job.result).unlink()

        with pytest.raises(ResultGoneError):
            exports.download(officer=carla, job=job, at=NOW)

        assert not LogEntry.objects.filter(kind=EventKind.EXPORT_DOWNLOADED).exists()

    def test_of_a_file_of_something_else_is_refused_whatever_the_table_says(
        self, carla: User, log: int, folder: Path, clock: Clock, tmp_path: Path
    ) -> None:
        """Whoever has the database has not the keys beside it, nor what another officer made."""
        job, other = run(ask(carla), clock), run(ask(carla, Contents.TABLE), clock)
        secret = tmp_path / "secret.key"
        secret.write_bytes(b"of nobody else")
        for named in (str(secret), os.path.relpath(secret, folder), other.result):
            assert (folder / named).is_file()
            job.result = named

            with pytest.raises(ResultGoneError):
                exports.download(officer=carla, job=job, at=NOW)

        assert not LogEntry.objects.filter(kind=EventKind.EXPORT_DOWNLOADED).exists()


class TestForgetting:
    def test_removes_results_when_their_time_is_over_and_what_crashes_left(
        self, carla: User, log: int, folder: Path, clock: Clock
    ) -> None:
        job = run(ask(carla), clock)
        (folder / f"{uuid4()}.1").mkdir()
        (folder / f"{uuid4()}.1.zip.part").touch()
        (folder / f"{job.pk}.2.zip").touch()
        (folder / "README").touch()

        jobs.forget_old(at=NOW)
        assert {path.name for path in folder.iterdir()} == {job.result, "README"}
        jobs.forget_old(at=NOW + timedelta(days=7))

        assert [path.name for path in folder.iterdir()] == ["README"]
        assert not Job.objects.exists()

    def test_keeps_what_somebody_works_on(
        self, carla: User, log: int, folder: Path, clock: Clock
    ) -> None:
        job = ask(carla)
        with cut_off_after(4):
            run(job, clock)

        jobs.forget_old(at=NOW)

        assert [path.name for path in folder.iterdir()] == [f"{job.pk}.1"]

    def test_is_nothing_where_nothing_was_exported(self, folder: Path, db: None) -> None:
        jobs.forget_old(at=NOW)

        assert not folder.exists()


class TestVerifying:
    def test_notes_how_far_it_is_and_what_came_out(
        self, carla: User, log: int, clock: Clock
    ) -> None:
        job = run(recomputing.ask(officer=carla, at=NOW), clock)

        assert (job.state, job.done, job.total) == ("done", log, log)
        assert job.checkpoint == {"isSound": True}
        assert VerificationRun.objects.get().counted == log
        logged = LogEntry.objects.get(kind=EventKind.LOG_VERIFIED)
        assert logged.payload.outcome == "sound"

    def test_says_when_the_log_is_broken(self, carla: User, log: int, clock: Clock) -> None:
        settle(at=NOW)
        with lifted_triggers():
            Leaf.objects.order_by("-index")[0].delete()
            job = run(recomputing.ask(officer=carla, at=NOW), clock)

            assert (job.state, job.checkpoint) == ("done", {"isSound": False})
            assert not VerificationRun.objects.get().is_sound

    def test_that_was_cut_off_begins_at_the_first_line_again(
        self, carla: User, log: int, clock: Clock
    ) -> None:
        job = recomputing.ask(officer=carla, at=NOW)
        with cut_off_after(2):
            run(job, clock)
        job.refresh_from_db()
        assert job.done == log
        clock.wait(3600)
        jobs.recover(at=clock())

        job = run(job, clock)

        assert (job.state, job.attempt, job.started_with) == ("done", 2, 0)

    def test_that_was_cancelled_keeps_no_outcome(self, carla: User, log: int) -> None:
        job = recomputing.ask(officer=carla, at=NOW)

        run(job, Meddler(4, lambda: jobs.cancel(job_id=job.pk, at=NOW)))

        assert Job.objects.get().state == JobState.CANCELLED
        assert not VerificationRun.objects.exists()

    def test_is_done_by_the_worker_that_is_nudged(self, carla: User, log: int) -> None:
        job = recomputing.ask(officer=carla, at=NOW)

        tasks.run_job(job=str(job.pk), added_later="by a newer sender")
        tasks.run_job(job=str(job.pk))

        assert Job.objects.get().state == JobState.DONE
        assert VerificationRun.objects.count() == 1
