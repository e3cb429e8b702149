from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import DataSubject
from audit import queries as log
from audit.checks import log_is_append_only
from audit.events import EventKind
from audit.models import LogEntry
from audit.triggers import restore
from consent import operations
from consent.errors import AnswerMissingError, NoticeOutdatedError, UnknownPurposeError
from consent.models import (
    ConsentRecord,
    CurrentConsent,
    DataCategory,
    DismissedQuestion,
    Message,
    Purpose,
)
from consent.operations.choices import _end
from consent.triggers import GUARD
from consent.vocabulary import LegalBasis
from tests import factories
from tests.factories import NOW

LATER = NOW + timedelta(hours=1)


def choose(
    subject: DataSubject,
    *,
    usage: bool,
    household: bool = False,
    notice: int = 1,
    at: object = NOW,
) -> str:
    return operations.record_choices(
        subject=subject,
        purpose="lekwaarschuwing",
        choices={"usage": usage, "household": household},
        notice_number=notice,
        language="nl",
        at=at,  # type: ignore[arg-type]
    ).number


def statuses(subject: DataSubject) -> dict[str, str]:
    return dict(
        CurrentConsent.objects.filter(subject=subject).values_list("category__slug", "status")
    )


class TestRecordChoices:
    def test_records_each_answer_and_logs_it(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        number = choose(anna, usage=True)

        assert statuses(anna) == {"usage": "given", "household": "refused"}
        records = ConsentRecord.objects.filter(subject=anna)
        assert {record.submission for record in records} == {number}
        assert {record.language for record in records} == {"nl"}
        assert set(LogEntry.objects.values_list("kind", flat=True)) == {
            EventKind.CONSENT_GIVEN,
            EventKind.CONSENT_REFUSED,
        }
        assert Message.objects.get().submission == number

    def test_a_yes_ends_and_a_no_does_not(self, anna: DataSubject, leak_warning: Purpose) -> None:
        choose(anna, usage=True)

        ends = dict(ConsentRecord.objects.values_list("category__slug", "valid_until"))
        assert ends == {"usage": NOW.replace(year=2028), "household": None}

    def test_a_record_says_which_text_was_read_in_which_language(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        operations.record_choices(
            subject=anna,
            purpose="lekwaarschuwing",
            choices={"usage": True, "household": True},
            notice_number=1,
            language="en",
            at=NOW,
        )

        record = ConsentRecord.objects.first()
        assert record is not None
        (entry, _) = log.entries(filter=log.EntryFilter(), before=None, limit=9)
        assert entry.shown is not None
        notice = record.notice_version
        assert (record.language, notice.number) == ("en", 1)
        assert entry.shown["language"] == "en"
        assert (entry.shown["noticeVersion"], entry.shown["noticeDigest"]) == (1, notice.digest)

    def test_a_repeated_answer_leads_to_the_submission_that_stands(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, usage=True, household=True)
        last = choose(anna, usage=True, household=False, at=LATER)

        assert choose(anna, usage=True, household=False, at=LATER) == last

    def test_a_no_to_what_ended_by_itself_is_a_refusal(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, usage=True, household=True)
        choose(anna, usage=False, household=True, at=NOW.replace(year=2029))

        assert statuses(anna) == {"usage": "refused", "household": "given"}

    def test_a_purpose_without_words_cannot_be_answered(
        self, anna: DataSubject, household: DataCategory
    ) -> None:
        Purpose.objects.create(
            slug="woordeloos", position=9, icon="drop", legal_basis="consent", validity_months=12
        )

        with pytest.raises(UnknownPurposeError):
            operations.record_choices(
                subject=anna,
                purpose="woordeloos",
                choices={},
                notice_number=1,
                language="nl",
                at=NOW,
            )

    def test_a_no_after_a_yes_is_a_withdrawal(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, usage=True, household=True)
        choose(anna, usage=False, household=True, at=LATER)

        assert statuses(anna) == {"usage": "withdrawn", "household": "given"}

    def test_the_same_answer_again_leaves_one_record_and_one_number(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        first = choose(anna, usage=True)
        second = choose(anna, usage=True, at=LATER)

        assert second == first
        assert ConsentRecord.objects.count() == 2
        assert Message.objects.count() == 1

    def test_a_withdrawal_stays_a_withdrawal_when_it_is_said_again(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, usage=True)
        choose(anna, usage=False, at=LATER)
        choose(anna, usage=False, household=True, at=LATER)

        assert statuses(anna) == {"usage": "withdrawn", "household": "given"}

    def test_an_expired_yes_can_be_given_again(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, usage=True)
        choose(anna, usage=True, at=NOW + timedelta(days=800))

        assert ConsentRecord.objects.filter(status="given").count() == 2

    def test_refuses_an_outdated_notice_and_writes_nothing(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        factories.make_notice(leak_warning, number=2, categories=["usage", "household"])

        with pytest.raises(NoticeOutdatedError):
            choose(anna, usage=True)

        assert not ConsentRecord.objects.exists()
        assert not LogEntry.objects.exists()

    @pytest.mark.parametrize("answers", [{}, {"usage": True}, {"usage": True, "home": False}])
    def test_refuses_an_answer_too_few_or_too_many(
        self, anna: DataSubject, leak_warning: Purpose, answers: dict[str, bool]
    ) -> None:
        with pytest.raises(AnswerMissingError):
            operations.record_choices(
                subject=anna,
                purpose="lekwaarschuwing",
                choices=answers,
                notice_number=1,
                language="nl",
                at=NOW,
            )

        assert not ConsentRecord.objects.exists()

    @pytest.mark.parametrize("state", ["unknown", "stopped", "contract"])
    def test_refuses_a_purpose_that_asks_nothing(
        self, anna: DataSubject, leak_warning: Purpose, state: str
    ) -> None:
        changes = {
            "unknown": {"slug": "iets-anders"},
            "stopped": {"is_active": False},
            "contract": {"legal_basis": LegalBasis.CONTRACT, "validity_months": None},
        }
        Purpose.objects.filter(pk=leak_warning.pk).update(**changes[state])  # type: ignore[arg-type]

        with pytest.raises(UnknownPurposeError):
            choose(anna, usage=True)

    def test_does_not_reach_another_data_subject(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, usage=True)
        choose(bram, usage=False)

        assert statuses(anna)["usage"] == "given"
        assert statuses(bram)["usage"] == "refused"

    def test_undoes_everything_when_the_line_cannot_be_written(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_payload RENAME TO audit_payload_away")

        with pytest.raises(DatabaseError), transaction.atomic():
            choose(anna, usage=True)

        assert not ConsentRecord.objects.exists()
        assert not CurrentConsent.objects.exists()
        assert not Message.objects.exists()


class TestDismissQuestion:
    def test_is_kept_once_per_version(self, anna: DataSubject, leak_warning: Purpose) -> None:
        for _ in range(2):
            operations.dismiss_question(subject=anna, purpose="lekwaarschuwing", notice_number=1)

        assert DismissedQuestion.objects.count() == 1


class TestInsertOnly:
    @pytest.mark.parametrize("table", ["consent_consentrecord", "consent_noticeversion"])
    @pytest.mark.parametrize("verb", ["update", "delete", "replace", "truncate"])
    def test_the_database_refuses_a_change(
        self, anna: DataSubject, leak_warning: Purpose, table: str, verb: str
    ) -> None:
        choose(anna, usage=True)
        connection.check_constraints()
        if connection.vendor == "sqlite":
            statements = {
                "replace": f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
                "truncate": f"DELETE FROM {table}",
            }
        else:
            statements = {
                "replace": f"INSERT INTO {table} SELECT * FROM {table} "
                "ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id",
                "truncate": f"TRUNCATE {table} CASCADE",
            }
        statements |= {
            "update": f"UPDATE {table} SET id = id + 100",
            "delete": f"DELETE FROM {table}",
        }

        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statements[verb])


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2027-12-31", 2, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-12-01", 24, "2028-12-01"),
    ],
)
def test_a_consent_ends_on_the_same_day_of_the_month(start: str, months: int, end: str) -> None:
    moment = NOW.replace(year=int(start[:4]), month=int(start[5:7]), day=int(start[8:]))

    ends = _end(moment, months)

    assert ends is not None
    assert ends.date().isoformat() == end


@pytest.mark.parametrize(
    ("moment", "months", "end"),
    [
        ("2026-03-01T00:30+01:00", 24, "2028-03-01T00:30+01:00"),
        ("2026-07-15T00:30+02:00", 6, "2027-01-15T00:30+01:00"),
        ("2026-09-29T02:30+02:00", 6, "2027-03-29T02:30+02:00"),
    ],
)
def test_a_day_is_a_day_in_amsterdam(moment: str, months: int, end: str) -> None:
    """Half past midnight there is another day in UTC, and summer time shifts the hour."""
    assert _end(datetime.fromisoformat(moment), months) == datetime.fromisoformat(end)


def test_what_has_no_term_does_not_end() -> None:
    assert _end(NOW, None) is None


def test_the_category_of_a_purpose_is_asked_once(
    leak_warning: Purpose, usage: DataCategory
) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        leak_warning.categories.create(category=usage, is_required=True, position=9)


def test_a_missing_trigger_on_the_records_is_reported_and_put_back(db: None) -> None:
    place = " ON consent_consentrecord" if connection.vendor == "postgresql" else ""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER consent_consentrecord_refuses_update{place}")

        (report,) = log_is_append_only(app_configs=None, databases=["default"])
        assert "consent_consentrecord_refuses_update" in report.msg
        assert [one.name for one in restore(connection, GUARD.wanted)] == [
            "consent_consentrecord_refuses_update"
        ]
        assert log_is_append_only(app_configs=None, databases=["default"]) == []
        transaction.set_rollback(True)
