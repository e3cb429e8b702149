"""A status that somebody changed behind our back is found, although no line of the log is wrong."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from accounts.models import DataSubject
from audit import operations as log
from audit import triggers
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
        assert fault.startswith("Table consent_currentconsent, id ")
        assert fault.endswith("(rows: 1).")
        log.settle(at=NOW)
        run = log.verify(at=NOW, clock=lambda: NOW)
        assert (run.faults, run.first_fault) == (1, fault)

    def test_a_status_that_is_gone_is_named(self) -> None:
        CurrentConsent.objects.filter(status="given").delete()

        (fault,) = record_faults()
        assert "the status that follows from it is missing" in fault

    def test_a_record_that_the_log_does_not_know_is_named(self, bram: DataSubject) -> None:
        with transaction.atomic():
            triggers.lift(connection, wanted)
            CurrentConsent.objects.filter(subject=bram).delete()
            ConsentRecord.objects.filter(subject=bram).delete()
            (fault,) = record_faults()
            transaction.set_rollback(True)

        assert fault == "Table consent_consentrecord: there are 3 records, and 5 in the log."
