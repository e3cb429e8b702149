"""The table of jobs: who has a job, who lost it, and what becomes of one that nobody does."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

import pytest
from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.errors import NotAllowedError
from accounts.models import Role, User
from audit.contents import Contents
from audit.events import EventKind
from audit.models import LogEntry
from consent import tasks
from consent.job_rules import LEASE, MOST_ATTEMPTS
from consent.models import Job
from consent.operations import exports, jobs
from consent.operations.job_kinds import run
from consent.operations.jobs import LeaseLostError
from consent.queries.log import LogFilters
from consent.vocabulary import JobFault, JobKind, JobState
from tests import factories
from tests.audit.builders import an_event
from tests.consent.jobs import KINDS, SECOND, Clock, ask, nudges, take
from tests.factories import NOW


class Commits(Protocol):
    def __call__(self, *, execute: bool) -> AbstractContextManager[list[Any]]: ...


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _quiet_broker() -> Iterator[None]:
    nudges()
    yield
    nudges()


class TestEnqueue:
    def test_puts_a_job_in_the_table_and_nudges_a_worker(
        self, carla: User, django_capture_on_commit_callbacks: Commits
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            job = ask(carla)

        assert Job.objects.get() == job
        assert (job.state, job.attempt, job.asked_by, job.total) == ("queued", 0, carla, None)
        assert nudges() == [str(job.pk)]

    def test_that_is_rolled_back_leaves_no_job_no_line_and_no_nudge(
        self, carla: User, django_capture_on_commit_callbacks: Commits
    ) -> None:
        before = LogEntry.objects.count()

        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            jobs.enqueue(
                kind=JobKind.LOG_EXPORT,
                arguments={},
                officer=carla,
                at=NOW,
                event=an_event(kind=EventKind.LOG_EXPORTED, subject_id=None),
            )
            transaction.set_rollback(True)

        assert not Job.objects.exists()
        assert LogEntry.objects.count() == before
        assert nudges() == []

    def test_is_not_stopped_by_a_broker_that_is_away(
        self,
        carla: User,
        django_capture_on_commit_callbacks: Commits,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr("celery.Celery.send_task", refuse)

        with (
            caplog.at_level(logging.ERROR),
            django_capture_on_commit_callbacks(execute=True),
        ):
            ask(carla)

        assert Job.objects.get().state == JobState.QUEUED
        assert len(caplog.records) == 1

    def test_of_the_same_is_the_job_that_still_waits_or_runs(
        self, carla: User, clock: Clock
    ) -> None:
        event = an_event(kind=EventKind.LOG_EXPORTED, subject_id=None)
        asked = [
            jobs.enqueue(
                kind=JobKind.LOG_EXPORT, arguments={"a": 1}, officer=carla, at=NOW, event=event
            )
            for _ in range(2)
        ]
        take(asked[0], clock=clock)
        asked.append(
            jobs.enqueue(
                kind=JobKind.LOG_EXPORT, arguments={"a": 1}, officer=carla, at=NOW, event=event
            )
        )

        assert {job.pk for job in asked} == {Job.objects.get().pk}
        assert LogEntry.objects.filter(kind=EventKind.LOG_EXPORTED).count() == 1

    def test_of_the_same_after_it_ended_is_another(self, carla: User) -> None:
        first = ask(carla)
        jobs.cancel(job_id=first.pk, at=NOW)

        assert ask(carla) != first

    def test_of_something_else_or_by_somebody_else_is_another(self, carla: User) -> None:
        dirk = factories.make_user("dirk@vechtwater.example", role=Role.OFFICER)

        assert len({ask(carla).pk, ask(carla, other="x").pk, ask(dirk).pk}) == 3

    def test_twice_is_refused_by_the_database_too(self, carla: User) -> None:
        job = ask(carla)

        with pytest.raises(IntegrityError), transaction.atomic():
            Job.objects.create(kind=job.kind, fingerprint=job.fingerprint, created_at=NOW)


class TestClaim:
    def test_gives_the_job_to_one_of_two(self, carla: User, clock: Clock) -> None:
        job = ask(carla)

        work = take(job, clock=clock)

        assert jobs.claim(job_id=job.pk, kinds=KINDS, at=NOW) is None
        assert (work.job.attempt, work.job.lease_until) == (1, NOW + LEASE)

    def test_leaves_what_is_not_there_what_ended_and_what_is_not_known(self, carla: User) -> None:
        ended, newer = ask(carla), ask(carla, other="x")
        jobs.cancel(job_id=ended.pk, at=NOW)

        assert jobs.claim(job_id=uuid4(), kinds=KINDS, at=NOW) is None
        assert jobs.claim(job_id=ended.pk, kinds=KINDS, at=NOW) is None
        assert jobs.claim(job_id=newer.pk, kinds={JobKind.LOG_EXPORT}, at=NOW) is None
        assert Job.objects.get(pk=newer.pk).state == JobState.QUEUED


class TestWork:
    def test_renews_its_lease_with_each_thing_that_it_notes(
        self, carla: User, clock: Clock
    ) -> None:
        work = take(ask(carla), clock=clock)
        clock.wait(20)

        work.note(done=5, total=10, checkpoint={"size": 10})

        stored = Job.objects.get()
        assert (stored.done, stored.total, stored.checkpoint) == (5, 10, {"size": 10})
        assert stored.lease_until == NOW + 20 * SECOND + LEASE
        assert work.job.done == 5

    def test_that_lost_its_lease_writes_nothing_more(self, carla: User, clock: Clock) -> None:
        late = take(ask(carla), clock=clock)
        late.note(done=3)
        clock.wait(31)
        jobs.recover(at=clock())
        new = take(late.job, clock=clock)
        new.note(done=4)
        stored = Job.objects.get()

        with pytest.raises(LeaseLostError):
            late.note(done=9)
        with pytest.raises(LeaseLostError):
            late.finish(result="late.zip")
        late.fail(JobFault.NO_ROOM)

        assert (new.job.attempt, new.job.started_with) == (2, 3)
        assert Job.objects.values().get() == Job.objects.values().get(
            pk=stored.pk, done=4, attempt=2
        )

    def test_that_was_cancelled_writes_nothing_more(self, carla: User, clock: Clock) -> None:
        work = take(ask(carla), clock=clock)

        assert jobs.cancel(job_id=work.job.pk, at=NOW)

        with pytest.raises(LeaseLostError):
            work.note(done=1)
        assert (Job.objects.get().state, Job.objects.get().done) == ("cancelled", 0)

    def test_that_is_finished_is_kept_for_a_while(self, carla: User, clock: Clock) -> None:
        work = take(ask(carla), clock=clock)

        work.finish(result="x.zip", result_size=12)

        stored = Job.objects.get()
        assert (stored.state, stored.lease_until, stored.result) == ("done", None, "x.zip")
        assert stored.expires_at == NOW + timedelta(days=7)
        assert not jobs.cancel(job_id=stored.pk, at=NOW), "it had ended"


class TestRecover:
    def test_gives_back_what_a_silent_worker_holds(self, carla: User, clock: Clock) -> None:
        work = take(ask(carla), clock=clock)

        jobs.recover(at=NOW + LEASE)
        assert Job.objects.get().state == JobState.RUNNING
        jobs.recover(at=NOW + LEASE + SECOND)

        assert Job.objects.get().state == JobState.QUEUED
        assert nudges() == [str(work.job.pk)]

    def test_gives_up_after_some_attempts_and_says_so(self, carla: User, clock: Clock) -> None:
        job = ask(carla)
        for _ in range(MOST_ATTEMPTS):
            take(job, clock=clock)
            clock.wait(31)
            jobs.recover(at=clock())

        stored = Job.objects.get()
        assert (stored.state, stored.fault) == (JobState.FAILED, JobFault.GAVE_UP)
        assert stored.expires_at == clock() + timedelta(days=7)

    def test_nudges_again_for_what_waits_ever_less_often(self, carla: User) -> None:
        job = str(ask(carla).pk)

        nudged = {}
        for second in (2, 3, 4, 5, 6, 11, 12):
            jobs.recover(at=NOW + second * SECOND)
            nudged[second] = nudges()

        assert nudged == {2: [], 3: [job], 4: [], 5: [], 6: [job], 11: [], 12: [job]}

    def test_is_done_by_the_schedule(self, carla: User) -> None:
        job = ask(carla)

        tasks.recover_jobs(added_later="by a newer sender")

        assert nudges() == [str(job.pk)]

    def test_leaves_alone_what_was_just_nudged_for(self, carla: User) -> None:
        job = ask(carla)
        at = NOW + 10 * SECOND

        jobs.recover(at=at)
        jobs.recover(at=at)

        assert nudges() == [str(job.pk)]


def test_the_schedule_names_tasks_that_there_are() -> None:
    current_app.loader.import_default_modules()  # as a worker does when it starts

    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert {"consent.tasks.recover_jobs", "consent.tasks.forget_old_jobs"} < named
    assert named <= set(current_app.tasks)


class TestForgetOld:
    def test_removes_what_ended_a_week_ago_and_nothing_else(
        self, carla: User, clock: Clock
    ) -> None:
        waits, ended = ask(carla), ask(carla, other="x")
        jobs.cancel(job_id=ended.pk, at=NOW)

        jobs.forget_old(at=NOW + timedelta(days=7) - SECOND)
        assert Job.objects.count() == 2
        jobs.forget_old(at=NOW + timedelta(days=7))

        assert Job.objects.get() == waits

    def test_is_done_by_the_schedule(self, carla: User) -> None:
        jobs.cancel(job_id=ask(carla).pk, at=NOW)

        tasks.forget_old_jobs(added_later="by a newer sender")

        assert not Job.objects.exists()

    def test_a_user_who_goes_holds_nothing_up(self, carla: User) -> None:
        ask(carla)

        carla.delete()

        assert Job.objects.get().asked_by is None


class TestRights:
    """Between asking and doing, somebody may have lost the role or the login."""

    @pytest.mark.parametrize("change", [{"role": "admin"}, {"is_active": False}, None])
    def test_who_may_not_any_more_gets_nothing(
        self, carla: User, change: dict[str, object] | None
    ) -> None:
        job = ask(carla)
        if change is None:
            carla.delete()
        else:
            User.objects.update(**change)

        run(job_id=job.pk, clock=Clock())

        job.refresh_from_db()
        assert (job.state, job.fault) == (JobState.FAILED, JobFault.NOT_ALLOWED)

    @pytest.mark.parametrize("role", ["customer", "desk", "admin"])
    def test_nobody_else_asks_for_a_copy_of_the_log(self, db: None, role: Role) -> None:
        user = factories.make_user("iemand@vechtwater.example", role=role)

        with pytest.raises(NotAllowedError):
            exports.ask(officer=user, contents=Contents.TABLE, filters=LogFilters(), at=NOW)

        assert not Job.objects.exists()
