from datetime import timedelta

import pytest

from accounts import operations, throttle
from accounts.models import DataSubject, ThrottleCounter, TotpDevice, UsedAssertion
from accounts.tasks import forget_expired
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=2)


class TestForgetting:
    def test_drops_assertions_that_have_expired_and_keeps_the_rest(self) -> None:
        UsedAssertion.objects.create(digest="old", expires_at=NOW - timedelta(seconds=1))
        UsedAssertion.objects.create(digest="new", expires_at=NOW)

        operations.forget_expired(at=NOW)

        assert [row.digest for row in UsedAssertion.objects.all()] == ["new"]

    def test_drops_counters_of_past_windows(self) -> None:
        throttle.count(limit=throttle.PASSWORDS_PER_ACCOUNT, value="x", at=NOW)
        throttle.count(limit=throttle.PASSWORDS_PER_ACCOUNT, value="x", at=LATER)

        operations.forget_expired(at=LATER)

        assert ThrottleCounter.objects.get().window_start == throttle.window_start(LATER)

    def test_drops_apps_that_nobody_confirmed(self, clock: object, anna: DataSubject) -> None:
        assert anna.user is not None
        operations.enrol(user=anna.user, at=NOW)
        operations.start_app(user=anna.user, at=NOW)

        operations.forget_expired(at=LATER)

        assert TotpDevice.objects.get().confirmed

    def test_runs_as_a_task_and_puts_up_with_later_arguments(self) -> None:
        forget_expired(something_new=1)
