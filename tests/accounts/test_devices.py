from datetime import timedelta

import django_otp
import pytest
import time_machine
from django.db import connection, transaction

from accounts import operations, recovery_codes
from accounts.devices import DISABLED_AT, BoundedDevice
from accounts.models import DataSubject, RecoveryCode, RecoveryDevice, TotpDevice
from audit import keyring
from tests.accounts.steps import Enrolled, user_of
from tests.factories import NOW


def app(person: Enrolled) -> TotpDevice:
    device: TotpDevice = TotpDevice.objects.get(user=person.user)
    return device


def paper(person: Enrolled) -> RecoveryDevice:
    device: RecoveryDevice = RecoveryDevice.objects.get(user=person.user)
    return device


def is_accepted(person: Enrolled, device: BoundedDevice, code: str) -> bool:
    return django_otp.verify_token(person.user, device.persistent_id, code) is not None


class TestApp:
    def test_accepts_the_code_of_now(self, enrolled: Enrolled) -> None:
        assert is_accepted(enrolled, app(enrolled), enrolled.code(NOW))

    def test_accepts_a_code_once(self, enrolled: Enrolled) -> None:
        is_accepted(enrolled, app(enrolled), enrolled.code(NOW))

        assert not is_accepted(enrolled, app(enrolled), enrolled.code(NOW))

    def test_accepts_no_older_code_after_a_newer_one(self, enrolled: Enrolled) -> None:
        is_accepted(enrolled, app(enrolled), enrolled.code(NOW))

        assert not is_accepted(enrolled, app(enrolled), enrolled.code(NOW - timedelta(seconds=30)))

    def test_refuses_a_used_code_in_another_spelling(self, enrolled: Enrolled) -> None:
        code = enrolled.code(NOW)
        is_accepted(enrolled, app(enrolled), code)

        for spelling in (f" {code}", f"{code[:3]} {code[3:]}", f"+{code}", f"0{code}"):
            assert not is_accepted(enrolled, app(enrolled), spelling)

    def test_of_one_user_says_nothing_about_another(
        self, enrolled: Enrolled, bram: DataSubject
    ) -> None:
        device = app(enrolled)

        assert django_otp.verify_token(bram.user, device.persistent_id, enrolled.code(NOW)) is None

    def test_cannot_be_asked_without_a_lock(self, enrolled: Enrolled) -> None:
        assert connection.in_atomic_block  # a test runs in a transaction; outside of one it fails
        connection.in_atomic_block = False
        try:
            with pytest.raises(transaction.TransactionManagementError):
                app(enrolled).verify_token(enrolled.code(NOW))
        finally:
            connection.in_atomic_block = True

    def test_keeps_its_secret_sealed_for_its_user(
        self, enrolled: Enrolled, bram: DataSubject
    ) -> None:
        device = app(enrolled)
        assert device.secret() == enrolled.secret
        assert enrolled.secret not in bytes(device.secret_sealed)

        device.user = user_of(bram)

        with pytest.raises(keyring.SealBrokenError):
            device.secret()


class TestPaper:
    def test_refuses_a_code_that_was_never_on_it(self, enrolled: Enrolled) -> None:
        (never_made, *_) = recovery_codes.new_codes()

        assert not is_accepted(enrolled, paper(enrolled), never_made)


class TestWaiting:
    def test_begins_after_three_wrong_codes(self, enrolled: Enrolled) -> None:
        wrong = enrolled.wrong_code(NOW)
        for _ in range(2):
            is_accepted(enrolled, app(enrolled), wrong)
        assert app(enrolled).waits_until() is None

        is_accepted(enrolled, app(enrolled), wrong)

        assert app(enrolled).waits_until() == NOW + timedelta(seconds=1)

    def test_refuses_even_the_right_code_and_does_not_count_it(self, enrolled: Enrolled) -> None:
        for _ in range(3):
            is_accepted(enrolled, app(enrolled), enrolled.wrong_code(NOW))

        assert not is_accepted(enrolled, app(enrolled), enrolled.code(NOW))
        assert app(enrolled).throttling_failure_count == 3

    def test_ends_by_itself_and_is_forgotten_after_the_right_code(
        self, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        for _ in range(3):
            is_accepted(enrolled, app(enrolled), enrolled.wrong_code(NOW))
        later = NOW + timedelta(seconds=1)
        clock.move_to(later, tick=False)

        assert is_accepted(enrolled, app(enrolled), enrolled.code(later))
        assert app(enrolled).throttling_failure_count == 0

    @pytest.mark.parametrize(
        ("failures", "seconds"), [(3, 1), (4, 2), (5, 4), (12, 512), (13, 900), (49, 900)]
    )
    def test_doubles_up_to_a_quarter_of_an_hour(
        self, enrolled: Enrolled, failures: int, seconds: int
    ) -> None:
        TotpDevice.objects.update(
            throttling_failure_count=failures, throttling_failure_timestamp=NOW
        )

        assert app(enrolled).waits_until() == NOW + timedelta(seconds=seconds)

    def test_turns_into_never_after_fifty(
        self, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        at = NOW
        for _ in range(DISABLED_AT):
            at = (app(enrolled).waits_until() or at) + timedelta(seconds=1)
            clock.move_to(at, tick=False)
            assert not is_accepted(enrolled, app(enrolled), enrolled.wrong_code(at))
        at += timedelta(days=365)
        clock.move_to(at, tick=False)

        assert app(enrolled).is_disabled
        assert not is_accepted(enrolled, app(enrolled), enrolled.code(at))

    def test_for_the_app_leaves_the_recovery_codes_alone(self, enrolled: Enrolled) -> None:
        TotpDevice.objects.update(
            throttling_failure_count=DISABLED_AT, throttling_failure_timestamp=NOW
        )

        assert is_accepted(enrolled, paper(enrolled), enrolled.codes[0])


class TestRecoveryCodes:
    def test_are_ten_of_eighty_bits(self, enrolled: Enrolled) -> None:
        assert len(set(enrolled.codes)) == 10
        assert all(len(code.replace("-", "")) == 16 for code in enrolled.codes)

    def test_work_once_each(self, enrolled: Enrolled) -> None:
        assert is_accepted(enrolled, paper(enrolled), enrolled.codes[3])
        assert not is_accepted(enrolled, paper(enrolled), enrolled.codes[3])
        assert is_accepted(enrolled, paper(enrolled), enrolled.codes[4])
        assert paper(enrolled).codes_left() == 8

    def test_forgive_how_they_are_typed(self, enrolled: Enrolled) -> None:
        typed = enrolled.codes[0].lower().replace("-", " ").replace("0", "o").replace("1", "l")

        assert is_accepted(enrolled, paper(enrolled), f"  {typed} ")

    @pytest.mark.parametrize("typed", ["", "ABCD", "U" * 16, "0" * 17, "\u0660" * 16])
    def test_are_nothing_else(self, typed: str) -> None:
        assert recovery_codes.canonical_code(typed) is None

    def test_are_stored_only_as_hashes(self, enrolled: Enrolled) -> None:
        plain = {code.replace("-", "") for code in enrolled.codes}

        for stored in RecoveryCode.objects.all():
            assert not any(code in stored.lookup for code in plain)

    def test_that_someone_else_used_up_meanwhile_are_refused(self, enrolled: Enrolled) -> None:
        """Two requests read the same unused row; the condition in the update lets one of them through."""
        device = paper(enrolled)
        found = RecoveryCode.objects.get(lookup=device.lookup(enrolled.codes[0].replace("-", "")))

        class Meanwhile:
            """The other request, that comes in between the look and the update."""

            def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
                if sql.startswith("UPDATE") and "used_at" in sql and not self.came:
                    self.came = True
                    RecoveryCode.objects.filter(pk=found.pk).update(used_at=NOW)
                return execute(sql, params, many, context)

            came = False

        with connection.execute_wrapper(Meanwhile()):
            assert not is_accepted(enrolled, device, enrolled.codes[0])

    def test_count_only_after_they_were_kept(self, enrolled: Enrolled) -> None:
        fresh = operations.make_recovery_codes(user=enrolled.user)
        assert is_accepted(enrolled, RecoveryDevice.objects.get(confirmed=True), enrolled.codes[0])

        assert operations.confirm_recovery_codes(user=enrolled.user, typed=fresh[3], at=NOW)

        assert not is_accepted(enrolled, paper(enrolled), enrolled.codes[1])
        assert is_accepted(enrolled, paper(enrolled), fresh[0])
