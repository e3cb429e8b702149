from datetime import timedelta

import pytest

from accounts.client_keys import Period, days_left, is_one_too_many, next_reminder
from tests.factories import NOW


def days(first: int, last: int) -> Period:
    return Period(since=NOW + timedelta(days=first), until=NOW + timedelta(days=last))


class TestTwoAtOnce:
    @pytest.mark.parametrize(
        ("others", "is_too_many"),
        [
            ([], False),
            ([days(0, 10)], False),
            ([days(0, 5), days(5, 10)], False),  # the one ends when the other begins
            ([days(0, 10), days(10, 20)], False),
            ([days(-5, 0), days(-5, 0)], False),
            ([days(0, 6), days(5, 10)], True),
            ([days(-5, 20), days(9, 30)], True),
            ([days(-5, 1), days(-5, 1)], True),
            ([days(3, 4), days(3, 4)], True),
        ],
    )
    def test_may_count(self, others: list[Period], *, is_too_many: bool) -> None:
        assert is_one_too_many(days(0, 10), others) is is_too_many


class TestReminder:
    @pytest.mark.parametrize(
        ("now", "due"),
        [(-100, -60), (-60, -30), (-59, -30), (-30, -7), (-8, -7), (-7, None), (1, None)],
    )
    def test_is_the_next_of_60_30_and_7_days_before(self, now: int, due: int | None) -> None:
        found = next_reminder(not_after=NOW, after=NOW + timedelta(days=now))

        assert found == (None if due is None else NOW + timedelta(days=due))


class TestDaysLeft:
    @pytest.mark.parametrize(
        ("left", "count"),
        [
            (timedelta(days=7), 7),
            (timedelta(days=6, seconds=1), 7),
            (timedelta(seconds=1), 1),
            (timedelta(), 0),
            (timedelta(days=-3), 0),
        ],
    )
    def test_are_whole_days(self, left: timedelta, count: int) -> None:
        assert days_left(not_after=NOW + left, at=NOW) == count
