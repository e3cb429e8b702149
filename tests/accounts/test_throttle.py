"""The counters: exact, of one window, of nobody by name, and never undone by what was tried."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import throttle
from accounts.errors import LockedOutError
from accounts.limits import LIMITS, Counted, Limit
from accounts.models import ThrottleCounter
from accounts.throttle import PASSWORDS_PER_ACCOUNT, PASSWORDS_PER_ADDRESS, Bucket
from tests.factories import NOW

DAILY = Limit(
    name=PASSWORDS_PER_ACCOUNT.name, counts=Counted.ACCOUNT, most=3, window=timedelta(days=1)
)


def the_count(limit: Limit, value: str) -> int:
    return throttle.count_all([Bucket(limit=limit, value=value, adds=0)], at=NOW)[0]


@pytest.mark.django_db
class TestCounting:
    def test_goes_up_by_one_each_time(self) -> None:
        counted = [throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="x", at=NOW) for _ in range(3)]

        assert counted == [1, 2, 3]

    def test_starts_again_in_the_next_window(self) -> None:
        throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="x", at=NOW)

        later = throttle.window_end(NOW)

        assert throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="x", at=later) == 1

    def test_keeps_limits_values_and_windows_apart(self) -> None:
        throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="x", at=NOW)

        assert throttle.count(limit=PASSWORDS_PER_ADDRESS, value="x", at=NOW) == 1
        assert throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="y", at=NOW) == 1
        assert throttle.count(limit=DAILY, value="x", at=NOW) == 1

    def test_can_be_taken_back_but_not_below_nothing(self) -> None:
        throttle.count(limit=PASSWORDS_PER_ADDRESS, value="x", at=NOW)
        for _ in range(3):
            throttle.take_back(limit=PASSWORDS_PER_ADDRESS, value="x", at=NOW)

        assert throttle.count(limit=PASSWORDS_PER_ADDRESS, value="x", at=NOW) == 1

    def test_stores_no_value(self) -> None:
        throttle.count(limit=PASSWORDS_PER_ADDRESS, value="192.0.2.7", at=NOW)

        assert "192.0.2.7" not in ThrottleCounter.objects.get().key

    def test_in_several_buckets_is_one_statement(self) -> None:
        buckets = [
            Bucket(limit=PASSWORDS_PER_ACCOUNT, value="x"),
            Bucket(limit=PASSWORDS_PER_ADDRESS, value="y"),
            Bucket(limit=PASSWORDS_PER_ACCOUNT, value="z", adds=0),
        ]
        with CaptureQueriesContext(connection) as queries:
            counted = throttle.count_all(buckets, at=NOW)

        assert counted == [1, 1, 0]
        assert [query["sql"][:6] for query in queries if "POINT" not in query["sql"]] == ["INSERT"]

    def test_of_an_empty_identifier_does_nothing(self) -> None:
        """Or everybody who leaves a field empty would lock out everybody else who does."""
        assert throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="", at=NOW) == 0
        assert not ThrottleCounter.objects.exists()

    def test_takes_all_who_have_no_address_for_one(self) -> None:
        assert throttle.count(limit=PASSWORDS_PER_ADDRESS, value="", at=NOW) == 1
        assert throttle.count(limit=PASSWORDS_PER_ADDRESS, value="", at=NOW) == 2

    def test_can_be_forgotten(self) -> None:
        throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="x", at=NOW)
        throttle.count(limit=PASSWORDS_PER_ADDRESS, value="x", at=NOW)

        throttle.forget(limit=PASSWORDS_PER_ACCOUNT, value="x")

        assert the_count(PASSWORDS_PER_ACCOUNT, "x") == 0
        assert the_count(PASSWORDS_PER_ADDRESS, "x") == 1


@pytest.mark.django_db
class TestChecking:
    def check(self, limit: Limit = DAILY) -> int:
        return throttle.check(limit=limit, value="x", at=NOW)

    def test_lets_through_what_the_limit_says(self) -> None:
        assert [self.check() for _ in range(3)] == [1, 2, 3]

        with pytest.raises(LockedOutError) as caught:
            self.check()

        assert caught.value.until == throttle.window_end(NOW, DAILY)
        assert caught.value.is_new

    def test_tells_the_first_refusal_from_those_that_follow(self) -> None:
        seen = []
        for _ in range(6):
            try:
                self.check()
            except LockedOutError as error:
                seen.append(error.is_new)

        assert seen == [True, False, False]

    def test_refuses_when_one_of_several_is_full(self) -> None:
        for _ in range(3):
            self.check()
        buckets = [Bucket(limit=PASSWORDS_PER_ADDRESS, value="y"), Bucket(limit=DAILY, value="x")]

        with pytest.raises(LockedOutError):
            throttle.check_all(buckets, at=NOW)

        assert the_count(PASSWORDS_PER_ADDRESS, "y") == 1, "both were counted"

    def test_only_looks_where_nothing_is_added(self) -> None:
        for _ in range(3):
            self.check()
        look = [Bucket(limit=DAILY, value="x", adds=0)]
        assert throttle.check_all(look, at=NOW) == [3]
        throttle.count(limit=DAILY, value="x", at=NOW)

        with pytest.raises(LockedOutError) as caught:
            throttle.check_all(look, at=NOW)

        assert not caught.value.is_new


@pytest.mark.django_db
def test_nothing_around_it_can_undo_the_counting() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="x", at=NOW)


class TestWindow:
    def test_is_a_quarter_of_an_hour_that_holds_the_moment(self) -> None:
        start, end = throttle.window_start(NOW), throttle.window_end(NOW)

        assert start <= NOW < end
        assert end - start == timedelta(minutes=15)


class TestTable:
    def test_names_each_limit_once(self) -> None:
        assert len({limit.label for limit in LIMITS}) == len({limit.name for limit in LIMITS})
        assert len({limit.name for limit in LIMITS}) == len(LIMITS)

    def test_is_what_the_documentation_says(self) -> None:
        told = (settings.BASE_DIR / Path("docs/throttling.md")).read_text(encoding="utf-8")

        for limit in LIMITS:
            minutes = int(limit.window.total_seconds() // 60)
            row = f"| `{limit.name}` | {limit.counts.value} | {limit.most} | {minutes} min |"
            assert row in told
