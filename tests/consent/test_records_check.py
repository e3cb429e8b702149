"""A status that somebody changed behind our back is found, although no line of the log is wrong."""

from collections.abc import Callable
from importlib import import_module
from uuid import UUID

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from accounts.models import DataSubject
from audit import operations as log
from audit import triggers
from audit.events import Actor, Event, EventKind
from audit.models import LogEntry
from consent.models import ConsentRecord, CurrentConsent, Purpose
from consent.queries.records_check import record_faults
from consent.triggers import wanted
from tests.consent.test_operations import LATER, choose
from tests.factories import NOW


def of(status: str) -> CurrentConsent:
    return CurrentConsent.objects.get(status=status)


@pytest.fixture
def chosen(anna: DataSubject, bram: DataSubject, leak_warning: Purpose) -> None:
    choose(anna, usage=True, household=True)
    choose(anna, usage=True, household=False, at=LATER)
    choose(bram, usage=False)


@pytest.mark.usefixtures("chosen")
class TestRecordFaults:
    def test_there_are_none(self) -> None:
        assert list(record_faults()) == []
        log.settle(at=NOW)
        assert log.verify(at=NOW, clock=lambda: NOW).is_sound

    @pytest.mark.parametrize(
        "change",
        [
            lambda: CurrentConsent.objects.filter(status="withdrawn").update(
                status="given", valid_until=NOW.replace(year=2030)
            ),
            lambda: CurrentConsent.objects.filter(status="given").update(
                valid_until=NOW.replace(year=2030)
            ),
            lambda: CurrentConsent.objects.filter(status="given").update(notice_number=2),
            lambda: CurrentConsent.objects.filter(status="given").update(recorded_at=LATER),
            lambda: CurrentConsent.objects.filter(status="withdrawn").update(
                record=ConsentRecord.objects.filter(category__slug="household").earliest("id")
            ),
        ],
    )
    def test_a_changed_status_is_named(self, change: Callable[[], int]) -> None:
        assert change() == 1

        (fault,) = record_faults()
        assert fault.sentence.startswith("Table consent_currentconsent, id ")
        assert fault.sentence.endswith("(rows: 1).")
        log.settle(at=NOW)
        run = log.verify(at=NOW, clock=lambda: NOW)
        assert (run.faults, run.first_fault) == (1, fault.sentence)

    def test_a_status_that_is_gone_is_named(self) -> None:
        CurrentConsent.objects.filter(status="given").delete()

        (fault,) = record_faults()
        assert "the status that follows from it is missing" in fault.sentence

    def test_a_record_that_the_log_does_not_know_is_named(self, bram: DataSubject) -> None:
        with transaction.atomic():
            triggers.lift(connection, wanted)
            CurrentConsent.objects.filter(subject=bram).delete()
            ConsentRecord.objects.filter(subject=bram).delete()
            (fault,) = record_faults()
            transaction.set_rollback(True)

        assert fault.sentence == (
            "Table consent_consentrecord: there are 3 records, and 5 in the log."
        )


def changed(**columns: object) -> None:
    """Change the first record of Bram, as only the owner of the database could."""
    triggers.lift(connection, wanted)
    assert ConsentRecord.objects.filter(pk=refused().pk).update(**columns) == 1


def refused() -> ConsentRecord:
    return ConsentRecord.objects.filter(status="refused").earliest("id")


def line_of(record: ConsentRecord) -> LogEntry:
    assert record.entry_uid
    return LogEntry.objects.get(uid=record.entry_uid)


@pytest.mark.usefixtures("chosen")
class TestLineOfARecord:
    """A record names the line of the log that tells of it, and that one only."""

    def fault(self, **columns: object) -> str:
        connection.check_constraints()
        with transaction.atomic():
            changed(**columns)
            (fault,) = record_faults()
            transaction.set_rollback(True)
        return fault.sentence

    def test_that_is_not_there_is_named(self) -> None:
        fault = self.fault(entry_uid=UUID(int=7))

        assert "the line in the log that it names is another one (rows: 1)." in fault

    def test_about_something_else_is_named(self) -> None:
        with transaction.atomic():
            other = log.append(
                Event(
                    kind=EventKind.LOG_READ, actor=Actor.OFFICER, at=NOW, subject_id=None,
                    shown={}, internal={},
                )
            )  # fmt: skip

        assert "is another one" in self.fault(entry_uid=other.uid)

    def test_that_is_no_longer_named_is_found(self) -> None:
        assert "it does not name its line in the log (rows: 1)." in self.fault(entry_uid=None)

    def test_whose_payload_was_erased_tells_no_more(self, bram: DataSubject) -> None:
        connection.check_constraints()
        log.destroy_key(key=bram.key, at=NOW)
        with transaction.atomic():
            triggers.lift(connection)
            line_of(refused()).payload.delete()
            assert list(record_faults()) == []
            changed(entry_uid=None)
            assert list(record_faults()) == []
            transaction.set_rollback(True)

    def test_is_one_of_its_own(self) -> None:
        other = ConsentRecord.objects.exclude(status="refused").first()
        connection.check_constraints()

        with pytest.raises(IntegrityError), transaction.atomic():
            changed(entry_uid=other and other.entry_uid)


@pytest.mark.usefixtures("chosen")
class TestMigration:
    def test_finds_the_line_of_every_record_that_is_there_already(self) -> None:
        self.assert_found_again(expected=self.named())

    def test_leaves_open_which_line_it_was_when_one_is_gone(self, bram: DataSubject) -> None:
        log.destroy_key(key=bram.key, at=NOW)
        gone = line_of(refused())
        of_bram = ConsentRecord.objects.filter(subject=bram).values_list("pk", flat=True)
        expected = {**self.named(), **dict.fromkeys(of_bram)}
        with transaction.atomic():
            connection.check_constraints()
            triggers.lift(connection)
            gone.payload.delete()
            self.assert_found_again(expected=expected)
            transaction.set_rollback(True)

    @staticmethod
    def named() -> dict[int, UUID | None]:
        return dict(ConsentRecord.objects.values_list("id", "entry_uid"))

    def assert_found_again(self, *, expected: dict[int, UUID | None]) -> None:
        migration = import_module("consent.migrations.0005_record_names_its_line")
        editor = connection.schema_editor(atomic=False)
        connection.check_constraints()
        with transaction.atomic():
            migration.leave(apps, editor)
            ConsentRecord.objects.update(entry_uid=None)
            connection.check_constraints()  # here the records are of this transaction
            migration.install_at_first(apps, editor)
            migration.lift_at_first(apps, editor)

            migration.name_lines(apps, editor)
            connection.check_constraints()
            migration.guard(apps, editor)

            assert self.named() == expected
            assert triggers.missing(connection, wanted) == []
            transaction.set_rollback(True)
