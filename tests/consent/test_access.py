from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import DataSubject, ServiceClient
from audit import keyring
from audit import queries as log
from audit.events import EventKind
from audit.models import LogEntry, PendingEntry
from consent import operations
from consent.models import Processing, Purpose
from consent.operations.access import AccessQuestion, Answer, decide_access
from consent.vocabulary import LegalBasis, Reason
from tests import factories
from tests.factories import NOW

LATER = NOW + timedelta(hours=1)
# Transaction control is not a question to the database; it is left out of the counts.
CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


def ask(client: ServiceClient, reference: str = "VW-0000001", **changes: str) -> Answer:
    facts = {
        "subject_type": "service",
        "subject_id": client.client_id,
        "purpose": "lekwaarschuwing",
        "resource_type": "data_subject",
        "reference": reference,
        "data_category": "usage",
    } | changes
    return decide_access(
        question=AccessQuestion(**facts), asker=factories.asker_of(client), at=LATER
    )


def give(subject: DataSubject, *, usage: bool = True, household: bool = False) -> None:
    operations.record_choices(
        subject=subject,
        purpose="lekwaarschuwing",
        choices={"usage": usage, "household": household},
        notice_number=1,
        language="nl",
        at=NOW,
    )


@contextmanager
def at_most(queries: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as captured:
        yield
    asked = [one["sql"] for one in captured if not one["sql"].startswith(CONTROL)]
    assert len(asked) <= queries, "\n".join(asked)


class TestDecideAccess:
    def test_a_given_consent_is_a_yes_until_it_ends(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        give(anna)

        answer = ask(lekdetectie)

        assert answer.decision.permitted
        assert answer.decision.reason is Reason.CONSENT_GIVEN
        assert answer.decision.valid_until == NOW.replace(year=2028)
        assert answer.notice_number == 1

    def test_the_first_question_after_a_withdrawal_is_a_no(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        give(anna)
        give(anna, usage=False)

        assert ask(lekdetectie).decision.reason is Reason.CONSENT_WITHDRAWN

    def test_a_yes_to_extra_data_counts_for_nothing_without_what_is_needed(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        """Household is optional, usage is required: without usage there is no warning at all."""
        give(anna, usage=False, household=True)

        assert ask(lekdetectie, data_category="household").decision.reason is (
            Reason.REQUIRED_CONSENT_MISSING
        )
        give(anna, household=True)
        assert ask(lekdetectie, data_category="household").decision.permitted
        give(anna, usage=False, household=True)
        assert not ask(lekdetectie, data_category="household").decision.permitted
        assert not ask(lekdetectie, data_category="usage").decision.permitted

    def test_a_no_to_extra_data_stops_nothing_else(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        give(anna, household=False)

        assert ask(lekdetectie, data_category="usage").decision.permitted
        assert ask(lekdetectie, data_category="household").decision.reason is Reason.CONSENT_REFUSED

    def test_a_yes_of_anna_is_no_yes_of_bram(
        self, anna: DataSubject, bram: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        give(anna)

        assert ask(lekdetectie, "VW-0000002").decision.reason is Reason.CONSENT_MISSING

    def test_an_unknown_person_looks_like_one_who_never_chose(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        assert ask(lekdetectie, "VW-9999999") == ask(lekdetectie)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"subject_id": "another"}, Reason.SUBJECT_NOT_THE_CLIENT),
            ({"subject_type": "user"}, Reason.SUBJECT_NOT_THE_CLIENT),
            ({"resource_type": "record"}, Reason.RESOURCE_TYPE_UNKNOWN),
            ({"data_category": ""}, Reason.DATA_CATEGORY_MISSING),
            ({"data_category": "shoes"}, Reason.PURPOSE_NOT_REGISTERED),
            ({"purpose": "marketing"}, Reason.PURPOSE_NOT_REGISTERED),
        ],
    )
    def test_a_question_that_cannot_be_answered_is_a_no(
        self, anna: DataSubject, lekdetectie: ServiceClient, changes: dict[str, str], reason: Reason
    ) -> None:
        give(anna)

        assert ask(lekdetectie, **changes).decision.reason is reason

    def test_a_client_without_the_purpose_is_refused(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        give(anna)
        lekdetectie.purposes = []

        assert ask(lekdetectie).decision.reason is Reason.PURPOSE_NOT_REGISTERED

    def test_a_purpose_that_stopped_is_refused(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        give(anna)
        Purpose.objects.update(is_active=False)

        assert ask(lekdetectie).decision.reason is Reason.PURPOSE_NOT_REGISTERED

    def test_a_use_that_left_the_register_is_refused(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        give(anna)
        Processing.objects.filter(category__slug="usage").delete()

        assert ask(lekdetectie).decision.reason is Reason.PURPOSE_NOT_REGISTERED

    def test_a_new_text_makes_an_old_yes_a_no(
        self, anna: DataSubject, leak_warning: Purpose, lekdetectie: ServiceClient
    ) -> None:
        give(anna)
        factories.make_notice(leak_warning, number=2, categories=["usage", "household"])

        assert ask(lekdetectie).decision.reason is Reason.NOTICE_CHANGED

    def test_another_legal_basis_needs_no_consent(
        self, anna: DataSubject, leak_warning: Purpose, lekdetectie: ServiceClient
    ) -> None:
        Purpose.objects.filter(pk=leak_warning.pk).update(
            legal_basis=LegalBasis.CONTRACT, validity_months=None
        )

        assert ask(lekdetectie).decision.reason is Reason.OTHER_LEGAL_BASIS

    @pytest.mark.parametrize(
        ("reference", "says_yes"),
        [("VW-0000001", True), ("VW-0000001", False), ("VW-9999999", True)],
        ids=["yes", "no", "unknown person"],
    )
    def test_takes_at_most_three_statements_beside_reading_the_client(
        self, anna: DataSubject, lekdetectie: ServiceClient, reference: str, *, says_yes: bool
    ) -> None:
        give(anna, usage=says_yes)
        keyring._uncommitted.clear()  # as after a commit: keys are remembered from then on
        ask(lekdetectie)

        with at_most(3):
            ask(lekdetectie, reference)

    def test_an_unknown_person_costs_as_many_statements_as_one_who_never_chose(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        ask(lekdetectie)
        counts = []
        for reference in ("VW-0000001", "VW-9999999"):
            with CaptureQueriesContext(connection) as captured:
                ask(lekdetectie, reference)
            counts.append(len(captured))

        assert counts[0] == counts[1]


class TestTheLineInTheLog:
    def test_tells_the_person_what_happened_and_the_office_who_asked(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        ask(lekdetectie)

        (entry,) = log.entries(filter=log.EntryFilter(subject_id=anna.id), before=None, limit=9)
        assert entry.kind is EventKind.ACCESS_DECIDED
        assert entry.shown == {
            "purpose": "lekwaarschuwing",
            "dataCategory": "usage",
            "recipient": "storingsdienst",
            "outcome": "refused",
            "reason": "consent-missing",
            "noticeVersion": 1,
        }
        assert entry.internal is not None
        assert entry.internal["client"] == "lekdetectie"

    def test_tells_the_office_why_a_question_about_nobody_was_refused(
        self, lekdetectie: ServiceClient
    ) -> None:
        ask(lekdetectie, reference="VW-9999999")

        (entry,) = log.entries(
            filter=log.EntryFilter(kind=EventKind.ACCESS_DECIDED), before=None, limit=9
        )
        assert entry.subject_id is None
        assert (entry.internal or {})["reason"] == "consent-missing"

    @pytest.mark.parametrize(
        ("given", "logged"),
        [
            ("6F9619FF-8B86-D011-B42D-00CF4FC964FF", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
            ("anna@voorbeeld.example", None),
            ("", None),
        ],
    )
    def test_names_the_question_as_the_caller_does_when_that_is_no_text(
        self, anna: DataSubject, lekdetectie: ServiceClient, given: str, logged: str | None
    ) -> None:
        question = AccessQuestion(
            subject_type="service", subject_id="lekdetectie", purpose="lekwaarschuwing",
            resource_type="data_subject", reference="VW-0000001", data_category="usage",
        )  # fmt: skip
        decide_access(
            question=question, asker=factories.asker_of(lekdetectie), request_id=given, at=LATER
        )

        (entry,) = log.entries(
            filter=log.EntryFilter(kind=EventKind.ACCESS_DECIDED), before=None, limit=9
        )
        assert (entry.internal or {}).get("request") == logged

    def test_holds_no_word_that_the_register_does_not_know(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        ask(lekdetectie, purpose="anna.jansen@voorbeeld.example", data_category="Lindelaan 12")

        (entry,) = log.entries(filter=log.EntryFilter(), before=None, limit=9)
        assert "anna.jansen" not in f"{entry.shown}{entry.internal}"
        assert "Lindelaan" not in f"{entry.shown}{entry.internal}"

    def test_no_line_means_no_answer(self, anna: DataSubject, lekdetectie: ServiceClient) -> None:
        give(anna)
        lines = LogEntry.objects.count()
        connection.check_constraints()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_payload RENAME TO audit_payload_away")

        with pytest.raises(DatabaseError), transaction.atomic():
            ask(lekdetectie)

        assert LogEntry.objects.count() == lines
        assert PendingEntry.objects.count() <= lines
