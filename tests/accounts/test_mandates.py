"""Mandates: who gives, who accepts, what both read, and how one ends."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts import operations, throttle
from accounts.errors import (
    MandateCodeError,
    MandateNotEndedError,
    NotAllowedError,
    TooManyAttemptsError,
    UnknownMandateError,
    UnknownReferenceError,
)
from accounts.identity import reference_of
from accounts.mandate_rules import Limits
from accounts.models import DataSubject, Mandate, Notice, Role, User
from accounts.notice_kinds import NoticeKind
from accounts.operations.mandates import GivenMandate
from accounts.queries import mandate_in_use, parties_of
from accounts.vocabulary import Evidence, MandateKind
from audit import queries as log
from audit.events import Actor, EventKind
from consent.operations.erasure import erase_subject
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

MONTH = timedelta(days=30)


def give(anna: DataSubject, to: DataSubject) -> GivenMandate:
    return operations.give_mandate(
        represented=anna, reference=reference_of(to), limits=Limits(), until=NOW + MONTH, at=NOW
    )


def accept(code: str, by: DataSubject, after: timedelta = timedelta(0)) -> Mandate:
    return operations.accept_mandate(representative=by, code=code, at=NOW + after)


def record(officer: User, represented: DataSubject, representative: DataSubject) -> Mandate:
    return operations.record_legal_mandate(
        officer=officer,
        represented=represented,
        representative=representative,
        kind=MandateKind.CURATOR,
        evidence=Evidence.COURT_ORDER,
        limits=Limits(),
        until=None,
        at=NOW,
    )


def lines(subject: DataSubject, kind: EventKind) -> list[log.EntryView]:
    found = log.EntryFilter(subject_id=subject.pk, kind=kind)
    return log.entries(filter=found, before=None, limit=9)


def told(subject: DataSubject) -> list[str]:
    return list(
        Notice.objects.filter(user=subject.user)
        .order_by("created_at", "kind")
        .values_list("kind", flat=True)
    )


class TestGiving:
    def test_counts_for_nobody_until_it_is_accepted(
        self, anna: DataSubject, bram: DataSubject
    ) -> None:
        mandate = give(anna, bram).mandate

        assert not mandate.counts_at(NOW)
        assert mandate.representative is None
        (line,) = lines(anna, EventKind.MANDATE_GIVEN)
        assert line.shown == {"mandate": str(mandate.pk), "as": "represented"}
        assert told(anna) == [NoticeKind.MANDATE_GIVEN]
        assert told(bram) == []

    def test_tells_nothing_about_whether_there_is_such_a_customer(self, anna: DataSubject) -> None:
        given = operations.give_mandate(
            represented=anna, reference="VW-9", limits=Limits(), until=NOW + MONTH, at=NOW
        )

        assert given.code
        assert Mandate.objects.count() == 1


class TestAccepting:
    def test_lets_the_one_who_was_meant_act(self, anna: DataSubject, bram: DataSubject) -> None:
        mandate = accept(give(anna, bram).code.lower(), bram)

        assert mandate.counts_at(NOW)
        assert parties_of([mandate.pk]) == {mandate.pk: ("mevrouw A. Jansen", "de heer B. Bakker")}
        (hers,) = lines(anna, EventKind.MANDATE_ACCEPTED)
        (his,) = lines(bram, EventKind.MANDATE_ACCEPTED)
        assert (hers.actor, his.actor) == (Actor.REPRESENTATIVE, Actor.DATA_SUBJECT)
        assert his.shown == {"mandate": str(mandate.pk), "as": "representative"}
        assert told(anna) == [NoticeKind.MANDATE_ACCEPTED, NoticeKind.MANDATE_GIVEN]

    def test_takes_each_code_once(self, anna: DataSubject, bram: DataSubject) -> None:
        code = give(anna, bram).code
        accept(code, bram)

        with pytest.raises(MandateCodeError):
            accept(code, bram)

    def test_refuses_who_was_not_meant_a_late_code_and_nonsense(
        self, anna: DataSubject, bram: DataSubject
    ) -> None:
        carol = factories.make_subject(
            "VW-0000004", user=factories.make_user("c@voorbeeld.example")
        )
        code = give(anna, bram).code

        for typed, by, after in (
            (code, carol, timedelta(0)),
            (code, bram, timedelta(days=7)),
            ("nonsense", bram, timedelta(0)),
        ):
            with pytest.raises(MandateCodeError):
                accept(typed, by, after)

    def test_refuses_to_act_for_oneself(self, anna: DataSubject) -> None:
        with pytest.raises(MandateCodeError):
            accept(give(anna, anna).code, anna)
        with pytest.raises(IntegrityError), transaction.atomic():
            Mandate.objects.update(representative=anna)

    def test_stops_who_tries_codes(self, anna: DataSubject, bram: DataSubject) -> None:
        code = give(anna, bram).code
        for _ in range(throttle.MANDATE_CODES.most):
            with pytest.raises(MandateCodeError):
                accept("nonsense", bram)

        with pytest.raises(TooManyAttemptsError):
            accept(code, bram)

    def test_is_too_late_after_the_mandate_was_ended(
        self, anna: DataSubject, bram: DataSubject
    ) -> None:
        given = give(anna, bram)
        operations.end_mandate(mandate_id=given.mandate.pk, by=anna, at=NOW)

        with pytest.raises(MandateCodeError):
            accept(given.code, bram)

    def test_of_what_nobody_accepted_is_forgotten(
        self, anna: DataSubject, bram: DataSubject
    ) -> None:
        give(anna, bram)
        accept(give(anna, bram).code, bram)

        operations.forget_expired(at=NOW + timedelta(days=9))

        assert Mandate.objects.get().accepted_at == NOW


class TestLegal:
    def test_counts_at_once_and_both_read_it(
        self, anna: DataSubject, bram: DataSubject, carla: User
    ) -> None:
        mandate = record(carla, anna, bram)

        assert mandate.counts_at(NOW + timedelta(days=4000))
        for subject in (anna, bram):
            (line,) = lines(subject, EventKind.MANDATE_RECORDED)
            assert (line.actor, line.internal) == (Actor.OFFICER, {"user": str(carla.pk)})
            assert told(subject) == [NoticeKind.MANDATE_RECORDED]

    def test_mails_nobody_who_has_no_login(self, bram: DataSubject, carla: User) -> None:
        record(carla, factories.make_subject("VW-0000005"), bram)

        assert Notice.objects.count() == 1

    def test_is_recorded_by_an_officer_alone(self, anna: DataSubject, bram: DataSubject) -> None:
        with pytest.raises(NotAllowedError):
            record(factories.make_user("d@vechtwater.example", role=Role.DESK), anna, bram)

    def test_is_between_two_people(self, anna: DataSubject, carla: User) -> None:
        with pytest.raises(UnknownReferenceError):
            record(carla, anna, anna)

    def test_is_ended_by_an_officer_or_the_representative_and_not_by_the_represented(
        self, anna: DataSubject, bram: DataSubject, carla: User
    ) -> None:
        first, second = record(carla, anna, bram), record(carla, anna, bram)

        with pytest.raises(MandateNotEndedError):
            operations.end_mandate(mandate_id=first.pk, by=anna, at=NOW)
        operations.end_legal_mandate(mandate_id=first.pk, officer=carla, at=NOW)
        operations.end_mandate(mandate_id=second.pk, by=bram, at=NOW)

        assert not Mandate.objects.filter(revoked_at=None).exists()
        ended = lines(anna, EventKind.MANDATE_ENDED)
        assert [line.actor for line in ended] == [Actor.REPRESENTATIVE, Actor.OFFICER]

    def test_of_customers_themselves_is_not_ended_by_an_officer(
        self, anna: DataSubject, bram: DataSubject, carla: User
    ) -> None:
        mandate = accept(give(anna, bram).code, bram)

        with pytest.raises(UnknownMandateError):
            operations.end_legal_mandate(mandate_id=mandate.pk, officer=carla, at=NOW)


class TestEnding:
    def test_is_at_once_and_both_hear_of_it(self, anna: DataSubject, bram: DataSubject) -> None:
        mandate = accept(give(anna, bram).code, bram)

        operations.end_mandate(mandate_id=mandate.pk, by=anna, at=NOW)
        operations.end_mandate(mandate_id=mandate.pk, by=anna, at=NOW)

        assert mandate_in_use(mandate_id=mandate.pk, representative_id=bram.pk, at=NOW) is None
        (hers,), (his,) = (lines(one, EventKind.MANDATE_ENDED) for one in (anna, bram))
        assert hers.shown == {
            "mandate": str(mandate.pk),
            "as": "represented",
            "endedBy": "represented",
        }
        assert his.shown == {**hers.shown, "as": "representative"}
        assert told(bram) == [NoticeKind.MANDATE_ENDED]

    def test_of_one_that_waits_is_read_by_the_represented_alone(
        self, anna: DataSubject, bram: DataSubject
    ) -> None:
        operations.end_mandate(mandate_id=give(anna, bram).mandate.pk, by=anna, at=NOW)

        assert len(lines(anna, EventKind.MANDATE_ENDED)) == 1
        assert lines(bram, EventKind.MANDATE_ENDED) == []

    def test_is_for_nobody_else(self, anna: DataSubject, bram: DataSubject) -> None:
        carol = factories.make_subject("VW-0000004")
        mandate = accept(give(anna, bram).code, bram)

        with pytest.raises(UnknownMandateError):
            operations.end_mandate(mandate_id=mandate.pk, by=carol, at=NOW)
        with pytest.raises(UnknownMandateError):
            operations.start_acting(mandate_id=mandate.pk, representative=anna, at=NOW)


class TestErasure:
    @pytest.mark.parametrize("who", ["represented", "representative", "meant"])
    def test_of_either_removes_the_mandate(
        self, anna: DataSubject, bram: DataSubject, who: str
    ) -> None:
        given = give(anna, bram)
        if who != "meant":
            accept(given.code, bram)

        erased = anna if who == "represented" else bram
        erase_subject(subject_id=erased.pk, request="AVG-1", at=NOW)

        assert not Mandate.objects.exists()
        assert parties_of([given.mandate.pk]) == {}
