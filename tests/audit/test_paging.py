"""From page to page in both directions one meets every entry once, in one order, whatever is asked for."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from audit import queries
from audit.events import EventKind
from audit.queries import EntryFilter
from tests.audit.builders import ANNA, NOW, an_event, append

pytestmark = pytest.mark.django_db

SINCE = NOW - timedelta(days=9)
FILTERS = [
    EntryFilter(),
    EntryFilter(kind=EventKind.CONSENT_GIVEN),
    EntryFilter(purpose="lekwaarschuwing"),
    EntryFilter(subject_id=ANNA, kind=EventKind.CONSENT_GIVEN),
    EntryFilter(since=SINCE),
    EntryFilter(since=SINCE, purpose="lekwaarschuwing"),
    EntryFilter(until=NOW, kind=EventKind.CONSENT_GIVEN),
]
by_filter = pytest.mark.parametrize("filter_", FILTERS)


@pytest.fixture(autouse=True)
def _entries() -> None:
    """Entries whose time does not follow their place: two at once, one of long ago that came late."""
    for seconds in (50, 40, 40, 40, 60, 10, 30):
        append(an_event(at=NOW - timedelta(seconds=seconds)))
    append(an_event(at=NOW - timedelta(seconds=35), purpose=""))
    append(an_event(at=NOW - timedelta(seconds=40), kind=EventKind.LOG_READ, subject_id=None))


def everything(filter_: EntryFilter) -> list[int]:
    return [view.id for view in queries.entries(filter=filter_, limit=100)]


class TestPages:
    @by_filter
    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_lead_to_the_oldest_entry_and_back(self, filter_: EntryFilter, size: int) -> None:
        whole, met = everything(filter_), list[int]()
        page = queries.entries(filter=filter_, limit=size)
        while page:
            met += [view.id for view in page]
            page = queries.entries(filter=filter_, before=met[-1], limit=size)
        assert met == whole

        back = whole[-1:]
        while page := queries.entries(filter=filter_, after=back[0], limit=size):
            back = [view.id for view in page] + back
        assert back == whole

    def test_follow_the_log_or_the_time_when_days_are_asked_for(self) -> None:
        of_log, of_time = everything(EntryFilter()), everything(EntryFilter(since=SINCE))

        views = {view.id: view for view in queries.entries(filter=EntryFilter(), limit=100)}
        assert of_log == sorted(of_log, reverse=True)
        assert of_time != of_log
        assert all(
            (views[newer].at, newer) > (views[older].at, older)
            for newer, older in pairwise(of_time)
        )

    @by_filter
    def test_cost_one_query_wherever_they_begin(
        self, filter_: EntryFilter, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        cursor = everything(filter_)[3]

        with django_assert_num_queries(2):
            queries.entries(filter=filter_, before=cursor, limit=2)
            queries.entries(filter=filter_, after=cursor, limit=2)

    def test_beyond_an_entry_that_is_not_there_are_empty(self) -> None:
        assert queries.entries(filter=EntryFilter(since=SINCE), before=10**9, limit=2) == []


class TestCount:
    @pytest.mark.parametrize(("limit", "found"), [(None, 9), (10, 9), (9, 9), (4, 4)])
    def test_stops_at_its_limit(self, limit: int | None, found: int) -> None:
        assert queries.count(EntryFilter(), limit=limit) == found


class TestPlan:
    """The database goes straight to a page. On PostgreSQL a table of nine rows tells nothing of that."""

    @by_filter
    def test_walks_through_no_table_from_the_start(self, filter_: EntryFilter) -> None:
        cursor = everything(filter_)[3]
        if connection.vendor == "postgresql":
            with connection.cursor() as asked:
                asked.execute("SET LOCAL enable_seqscan = off")
        with CaptureQueriesContext(
            connection,
        ) as captured:
            queries.entries(filter=filter_, before=cursor, limit=2)

        (query,) = captured.captured_queries
        with connection.cursor() as asked:
            explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
            asked.execute(f"{explain} {query['sql']}")
            plan = "\n".join(str(row) for row in asked.fetchall())

        assert "Seq Scan" not in plan
        assert "SCAN audit_logentry'" not in plan
        assert "SCAN audit_payload'" not in plan
