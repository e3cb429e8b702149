from datetime import timedelta

import pytest

from accounts import throttle
from accounts.models import ThrottleCounter
from accounts.throttle import PASSWORDS_PER_ACCOUNT, PASSWORDS_PER_ADDRESS
from tests.factories import NOW


@pytest.mark.django_db
class TestCounting:
    def test_goes_up_by_one_each_time(self) -> None:
        counted = [throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="x", at=NOW) for _ in range(3)]

        assert counted == [1, 2, 3]

    def test_starts_again_in_the_next_window(self) -> None:
        throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="x", at=NOW)

        later = throttle.window_end(NOW)

        assert throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="x", at=later) == 1

    def test_keeps_limits_and_values_apart(self) -> None:
        throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="x", at=NOW)

        assert throttle.count(limit=PASSWORDS_PER_ADDRESS, value="x", at=NOW) == 1
        assert throttle.count(limit=PASSWORDS_PER_ACCOUNT, value="y", at=NOW) == 1

    def test_can_be_taken_back_but_not_below_nothing(self) -> None:
        throttle.count(limit=PASSWORDS_PER_ADDRESS, value="x", at=NOW)
        for _ in range(3):
            throttle.take_back(limit=PASSWORDS_PER_ADDRESS, value="x", at=NOW)

        assert throttle.count(limit=PASSWORDS_PER_ADDRESS, value="x", at=NOW) == 1

    def test_stores_no_value(self) -> None:
        throttle.count(limit=PASSWORDS_PER_ADDRESS, value="192.0.2.7", at=NOW)

        assert "192.0.2.7" not in ThrottleCounter.objects.get().key


class TestWindow:
    def test_is_a_quarter_of_an_hour_that_holds_the_moment(self) -> None:
        start, end = throttle.window_start(NOW), throttle.window_end(NOW)

        assert start <= NOW < end
        assert end - start == timedelta(minutes=15)
