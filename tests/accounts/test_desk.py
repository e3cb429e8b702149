"""The service desk opens one customer at a time, and the log says so before anything is shown."""

from datetime import timedelta

import pytest
from django.conf import settings

from accounts import operations, throttle
from accounts.errors import NotAllowedError, TooManyAttemptsError, UnknownReferenceError
from accounts.models import DataSubject, DeskOpening, Role, User
from accounts.queries import opening_in_use
from accounts.vocabulary import OpeningReason
from audit import queries as log
from audit.events import Actor, EventKind
from consent.operations.erasure import erase_subject
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ANNA, BRAM = "VW-0000001", "VW-0000002"


@pytest.fixture
def desk() -> User:
    return factories.make_user("desk@vechtwater.example", role=Role.DESK)


def open_(employee: User, reference: str = ANNA, note: str = "Vraag") -> DeskOpening:
    return operations.open_customer(
        employee=employee, reference=reference, reason=OpeningReason.CALLED, note=note, at=NOW
    )


def is_open(opening: DeskOpening, *, after: timedelta = timedelta(0)) -> bool:
    found = opening_in_use(opening_id=opening.pk, employee_id=opening.employee_id, at=NOW + after)
    return found is not None


class TestOpening:
    def test_is_a_line_that_the_customer_reads_with_the_reason(
        self, anna: DataSubject, desk: User
    ) -> None:
        opening = open_(desk, note="  Vraag over de rekening ")

        (line,) = log.entries(
            filter=log.EntryFilter(subject_id=anna.pk, kind=EventKind.CUSTOMER_OPENED),
            before=None,
            limit=9,
        )
        assert line.actor == Actor.DESK
        assert line.shown == {"reason": "called", "note": "Vraag over de rekening"}
        assert line.internal == {"user": str(desk.pk), "opening": str(opening.pk)}

    def test_lasts_half_an_hour(self, anna: DataSubject, desk: User) -> None:
        opening = open_(desk)

        assert timedelta(minutes=30) == settings.DESK_OPENING_LASTS
        assert is_open(opening, after=timedelta(minutes=29))
        assert not is_open(opening, after=timedelta(minutes=30))

    def test_closes_whoever_was_open(
        self, anna: DataSubject, bram: DataSubject, desk: User
    ) -> None:
        first, second = open_(desk), open_(desk, BRAM)

        assert not is_open(first)
        assert is_open(second)
        operations.close_customer(employee=desk, at=NOW)
        assert not is_open(second)

    def test_is_of_this_employee_alone(self, anna: DataSubject, desk: User) -> None:
        other = factories.make_user("ander@vechtwater.example", role=Role.DESK)
        opening = open_(desk)

        assert opening_in_use(opening_id=opening.pk, employee_id=other.pk, at=NOW) is None
        assert is_open(opening)

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.DESK])
    def test_is_for_the_desk_alone(self, anna: DataSubject, role: Role) -> None:
        with pytest.raises(NotAllowedError):
            open_(factories.make_user("iemand@vechtwater.example", role=role))

        assert not DeskOpening.objects.exists()

    def test_of_an_unknown_number_is_refused_and_soon_throttled(
        self, anna: DataSubject, desk: User
    ) -> None:
        for _ in range(throttle.NUMBERS_PER_EMPLOYEE.most):
            with pytest.raises(UnknownReferenceError):
                open_(desk, "VW-9")

        with pytest.raises(TooManyAttemptsError):
            open_(desk)

    def test_of_known_numbers_is_never_throttled(self, anna: DataSubject, desk: User) -> None:
        for _ in range(2 * throttle.NUMBERS_PER_EMPLOYEE.most):
            open_(desk)

    def test_ends_with_an_erasure(self, anna: DataSubject, desk: User) -> None:
        opening = open_(desk)

        erase_subject(subject_id=anna.pk, request="AVG-1", at=NOW)

        assert not DeskOpening.objects.filter(pk=opening.pk).exists()
        with pytest.raises(UnknownReferenceError):
            open_(desk)

    def test_of_someone_who_is_erased_at_this_moment_is_refused(
        self, anna: DataSubject, desk: User
    ) -> None:
        DataSubject.objects.update(erased_at=NOW)

        with pytest.raises(UnknownReferenceError):
            open_(desk)

    def test_is_forgotten_after_a_day(self, anna: DataSubject, desk: User) -> None:
        open_(desk)
        operations.forget_expired(at=NOW + timedelta(hours=24))
        assert DeskOpening.objects.exists()

        operations.forget_expired(at=NOW + timedelta(hours=25))

        assert not DeskOpening.objects.exists()
