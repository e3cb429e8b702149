from datetime import timedelta

import pytest

from consent.job_rules import (
    LEASE,
    MOST_ATTEMPTS,
    lease_for,
    next_nudge,
    percentage,
    time_left,
)
from tests.factories import NOW

SECOND = timedelta(seconds=1)


class TestLease:
    def test_is_half_a_minute_for_a_step_of_no_length(self) -> None:
        assert lease_for(0) == LEASE == 30 * SECOND

    def test_grows_with_the_rows_that_one_step_goes_over(self) -> None:
        assert lease_for(1_000_000) == 1030 * SECOND

    def test_ends_at_some_time(self) -> None:
        assert 2 < MOST_ATTEMPTS < 10


class TestNextNudge:
    @pytest.mark.parametrize(
        ("waited", "until_the_next"),
        [(0, 3), (2, 3), (3, 3), (8, 8), (59, 59), (60, 60), (3600, 60)],
    )
    def test_comes_ever_later_up_to_a_minute(self, waited: int, until_the_next: int) -> None:
        at = NOW + waited * SECOND

        assert next_nudge(waiting_since=NOW, at=at) == at + until_the_next * SECOND


class TestPercentage:
    @pytest.mark.parametrize(
        ("done", "total", "percent"),
        [(0, 3, 0), (1, 3, 33), (2, 3, 66), (3, 3, 100), (999, 1000, 99), (0, 0, 100), (5, 3, 100)],
    )
    def test_is_a_hundred_only_at_the_end(self, done: int, total: int, percent: int) -> None:
        assert percentage(done=done, total=total) == percent


class TestTimeLeft:
    @pytest.mark.parametrize(
        ("done", "started_with", "took", "left"),
        [
            (50, 0, 10, 10),
            (75, 50, 10, 10),  # only what this attempt did is its pace
            (100, 0, 10, 0),
            (1, 0, 10, 990),
            (0, 0, 10, None),
            (50, 50, 10, None),
            (0, 50, 10, None),  # began anew
            (50, 0, 0, None),
        ],
    )
    def test_goes_on_at_the_pace_of_this_attempt(
        self, done: int, started_with: int, took: int, left: int | None
    ) -> None:
        found = time_left(
            done=done,
            total=100,
            started_with=started_with,
            started_at=NOW,
            at=NOW + took * SECOND,
        )

        assert found == (None if left is None else left * SECOND)
