"""Counts per day are exact, and no more is read for them than was agreed."""

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from audit.counting import DayCount, per_day
from audit.events import EventKind
from audit.queries import EntryFilter
from tests.audit.builders import ANNA, BRAM, NOW, an_event, append

pytestmark = pytest.mark.django_db

MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = [(MIDNIGHT + timedelta(days=day), MIDNIGHT + timedelta(days=day + 1)) for day in (-2, -1, 0)]
PLENTY = 1000


@pytest.fixture(autouse=True)
def _three_days() -> None:
    """One entry before, then one, three and two a day."""
    append(an_event(at=MIDNIGHT - timedelta(days=3)))
    append(an_event(at=MIDNIGHT - timedelta(days=2), outcome="refused"))
    first = MIDNIGHT - timedelta(days=1)
    append(an_event(at=first, outcome="refused", subject_id=BRAM))
    append(an_event(at=first, kind=EventKind.LOG_READ, purpose="", subject_id=None))
    append(an_event(at=MIDNIGHT - timedelta(seconds=1), outcome="permitted"))
    append(an_event(at=MIDNIGHT, recipient="meetdienst"))
    append(an_event(at=NOW, kind=EventKind.LOG_READ, purpose="", subject_id=None))


def counted(filter_: EntryFilter, *, limit: int = PLENTY) -> list[tuple[int, int | None]]:
    return [(day.total, day.refused) for day in per_day(filter=filter_, days=DAYS, limit=limit)]


class TestPerDay:
    def test_counts_from_midnight_to_midnight(self) -> None:
        assert counted(EntryFilter()) == [(1, 1), (3, 1), (2, 0)]
        assert per_day(filter=EntryFilter(), days=DAYS, limit=PLENTY)[0] == DayCount(
            since=DAYS[0][0], total=1, refused=1
        )

    @pytest.mark.parametrize(
        ("filter_", "expected"),
        [
            (EntryFilter(kind=EventKind.LOG_READ), [(0, 0), (1, 0), (1, 0)]),
            (EntryFilter(kinds=frozenset({EventKind.CONSENT_GIVEN})), [(1, 1), (2, 1), (1, 0)]),
            (EntryFilter(outcome="refused"), [(1, 1), (1, 1), (0, 0)]),
            (EntryFilter(recipient="meetdienst"), [(0, 0), (0, 0), (1, 0)]),
            (EntryFilter(purpose="lekwaarschuwing", subject_id=ANNA), [(1, 1), (1, 0), (1, 0)]),
            (EntryFilter(purpose="onbekend"), [(0, 0), (0, 0), (0, 0)]),
        ],
    )
    def test_counts_what_the_filter_selects(
        self, filter_: EntryFilter, expected: list[tuple[int, int]]
    ) -> None:
        assert counted(filter_) == expected

    def test_takes_its_days_and_not_those_of_the_filter(self) -> None:
        assert counted(EntryFilter(since=NOW, until=NOW)) == counted(EntryFilter())

    @pytest.mark.parametrize("limit", [5, 2, 1, 0])
    def test_of_many_lines_tells_no_apart_no_more(self, limit: int) -> None:
        assert counted(EntryFilter(), limit=limit) == [(1, None), (3, None), (2, None)]

    @pytest.mark.parametrize(("limit", "days"), [(6, 3), (5, 2), (4, 1), (2, 1), (0, 1)])
    def test_of_many_lines_opens_the_last_days_and_one_at_least(
        self, limit: int, days: int
    ) -> None:
        found = per_day(filter=EntryFilter(recipient="meetdienst"), days=DAYS, limit=limit)

        assert [day.since for day in found] == [since for since, _ in DAYS[-days:]]
        assert (found[-1].total, found[-1].refused) == (1, 0)

    @pytest.mark.parametrize("days", [DAYS, DAYS[:1]])
    def test_costs_two_queries_at_most(
        self,
        days: list[tuple[datetime, datetime]],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        with django_assert_num_queries(2):
            per_day(filter=EntryFilter(outcome="refused"), days=days, limit=PLENTY)
        with django_assert_num_queries(1 if len(days) > 1 else 2):
            per_day(filter=EntryFilter(), days=days, limit=0)
