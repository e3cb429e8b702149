"""What the log does by itself: it is verified every night, and finds what was taken out of its queue."""

import fcntl
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings as configured
from pytest_django import Settings

from audit import operations, tasks
from audit.events import EventKind
from audit.models import Leaf, LogEntry, LogHead, PendingEntry, VerificationRun
from audit.operations import nightly, reconciling
from audit.queries import entries
from tests.audit.builders import (
    NOW,
    an_event,
    append,
    lifted_triggers,
    log_of,
    somebody_at_work,
    verified,
)
from tests.audit.test_export import EVERYTHING

pytestmark = pytest.mark.django_db
# Three o'clock in Amsterdam is two o'clock in Greenwich, in winter.
EVENING = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _place(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def tonight(at: datetime) -> VerificationRun | None:
    return operations.verify_nightly(at=at, clock=lambda: at)


class TestNight:
    def test_is_verified_once_and_that_is_a_line_in_the_log(self) -> None:
        append(an_event())

        run = tonight(NIGHT)
        assert tonight(NIGHT + timedelta(hours=23)) is None

        assert run is not None
        assert (run.counted, run.faults, run.started_at) == (1, 0, NIGHT)
        newest = entries(filter=EVERYTHING, before=None, limit=1)[0]
        assert (newest.kind, newest.actor, newest.outcome) == (
            EventKind.LOG_VERIFIED,
            "system",
            "sound",
        )
        assert newest.internal == {"counted": 1, "faults": 0, "outcome": "sound"}

    def test_begins_at_three_o_clock_local_time(self) -> None:
        assert tonight(EVENING) is not None
        assert tonight(NIGHT - timedelta(seconds=1)) is None
        assert tonight(NIGHT) is not None
        assert tonight(NIGHT + timedelta(days=1)) is not None

    def test_that_was_missed_is_made_good_at_any_hour(self) -> None:
        assert tonight(EVENING) is not None

        assert tonight(EVENING + timedelta(days=9, hours=13)) is not None

    def test_is_not_made_good_by_a_look_at_the_end_of_the_log(self) -> None:
        log_of(2)
        operations.examine(at=NIGHT, clock=lambda: NIGHT, since=2)

        assert tonight(NIGHT) is not None

    def test_is_for_one_at_a_time(self) -> None:
        lock = os.open(configured.DATA_DIR / "verify.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert tonight(NIGHT) is None
        os.close(lock)
        assert tonight(NIGHT) is not None

    def test_finds_a_log_that_is_broken_and_cannot_be_signed(self) -> None:
        log_of(2)
        append(an_event())

        with lifted_triggers():
            LogHead.objects.update(size=1)
            run = tonight(NIGHT)

            assert run is not None
            assert not run.is_sound
            newest = entries(filter=EVERYTHING, before=None, limit=1)[0]
            assert newest.outcome == "broken"

    def test_of_clocks_that_change_is_a_night_like_another(self) -> None:
        summer = datetime(2026, 10, 25, 3, 0, tzinfo=UTC)  # after the hour that came twice

        assert tonight(summer - timedelta(days=1)) is not None
        assert tonight(summer) is not None
        assert nightly._last_night(summer).astimezone(UTC) == datetime(2026, 10, 25, 2, tzinfo=UTC)


@pytest.fixture
def _worker() -> Iterator[None]:
    """A worker that has just begun."""
    tasks._reconciled_at_start.cache_clear()
    yield
    tasks._reconciled_at_start.cache_clear()


class TestTasks:
    def test_tell_the_operator_that_the_log_was_changed(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        log_of(2)

        with lifted_triggers():
            LogEntry.objects.filter(place__index=1).update(kind="x")
            tasks.verify_log()

        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert "Table audit_logentry, index 1, column kind" in record.getMessage()

    def test_say_nothing_when_all_is_well_or_nothing_is_to_be_done(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        log_of(2)

        with time_machine.travel(NIGHT, tick=False):
            tasks.verify_log()
            tasks.verify_log()

        assert caplog.records == []
        assert VerificationRun.objects.count() == 1

    def test_tell_the_operator_that_a_key_is_gone(
        self, caplog: pytest.LogCaptureFixture, settings: Settings, tmp_path: Path
    ) -> None:
        log_of(1)
        settings.KEYS_DIR = tmp_path / "nothing"
        settings.KEYS_DIR.mkdir()

        tasks.verify_log()

        assert "from your backup" in caplog.records[0].getMessage()
        assert not VerificationRun.objects.exists()

    @pytest.mark.usefixtures("_worker")
    def test_of_a_new_worker_find_what_was_taken_out_of_the_queue(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        append(an_event())
        with lifted_triggers():
            PendingEntry.objects.all()._raw_delete("default")
            tasks.settle_log()
            assert "out of the queue of the log: 1." in caplog.records[0].getMessage()
            PendingEntry.objects.all()._raw_delete("default")
            tasks.settle_log()

        assert len(caplog.records) == 1  # the next one looks at night


class TestReconcile:
    def test_puts_what_lost_its_turn_back_and_logs_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reconciling, "_BATCH", 2)
        log_of(2)
        lost = [append(an_event()) for _ in range(3)]

        with lifted_triggers():
            PendingEntry.objects.all()._raw_delete("default")
            assert not verified().is_sound

            assert operations.reconcile(at=NOW) == 3
            told = [
                entry.internal
                for entry in entries(filter=EVERYTHING, before=None, limit=2)
                if entry.kind == EventKind.ENTRIES_REQUEUED
            ]
            # With the triggers lifted, the lines that tell of it are not in the queue by themselves.
            PendingEntry.objects.bulk_create(
                PendingEntry(entry=entry)
                for entry in LogEntry.objects.filter(kind=EventKind.ENTRIES_REQUEUED)
            )
            assert operations.reconcile(at=NOW) == 0
            operations.settle(at=NOW)

            assert Leaf.objects.count() == 2 + 3 + 2
            assert verified().is_sound

        assert told == [
            {"count": 1, "first": str(lost[2].uid)},
            {"count": 2, "first": str(lost[0].uid)},
        ]

    def test_leaves_a_log_alone_in_which_nothing_is_lost(self) -> None:
        log_of(2)
        append(an_event())

        assert operations.reconcile(at=NOW) == 0
        assert LogEntry.objects.count() == 3

    def test_leaves_it_to_who_extends_the_log_at_this_moment(self) -> None:
        append(an_event())

        with lifted_triggers(), somebody_at_work() as is_busy:
            PendingEntry.objects.all()._raw_delete("default")

            assert operations.reconcile(at=NOW) == (0 if is_busy else 1)
