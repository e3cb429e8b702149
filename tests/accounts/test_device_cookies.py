"""Browsers that logged in before: known for their own account, to nobody else, and never locked out by others."""

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from accounts import device_cookies, throttle
from accounts.models import ThrottleCounter
from tests.accounts.steps import (
    EMAIL,
    OFFICER_EMAIL,
    Enrolled,
    give_password,
    log_in,
    try_often,
)
from tests.factories import NOW

COOKIE = "device"
WRONG = "verkeerd wachtwoord"


class TestCookie:
    def test_is_known_for_the_account_that_it_logged_in_to(self) -> None:
        cookie = device_cookies.renewed("", account="a" * 64)

        assert device_cookies.binding(cookie, account="a" * 64)
        assert not device_cookies.binding(cookie, account="b" * 64)

    def test_keeps_the_others_of_a_household(self) -> None:
        cookie = ""
        for account in "abcde":
            cookie = device_cookies.renewed(cookie, account=account)
        assert all(device_cookies.binding(cookie, account=account) for account in "abcde")

        cookie = device_cookies.renewed(cookie, account="f")

        known = [account for account in "abcdef" if device_cookies.binding(cookie, account=account)]
        assert known == ["b", "c", "d", "e", "f"]

    def test_stays_the_same_for_who_logs_in_again(self) -> None:
        cookie = device_cookies.renewed("", account="a")

        assert device_cookies.renewed(cookie, account="a") == cookie

    @pytest.mark.parametrize(
        "cookie",
        [
            "",
            ".",
            "x",
            "x" * 22,
            f"{'x' * 22}.",
            f"{'x' * 22}.{'0' * 32}",
            "\u00e9" * 22,
            "x" * 9999,
        ],
    )
    def test_that_somebody_made_up_is_known_for_nobody(self, cookie: str) -> None:
        assert not device_cookies.binding(cookie, account="a")
        assert device_cookies.binding(device_cookies.renewed(cookie, account="a"), account="a")

    def test_cannot_be_moved_to_another_browser_id(self) -> None:
        _browser, binding = device_cookies.renewed("", account="a").split(".")
        other, _ = device_cookies.renewed("", account="a").split(".")

        assert not device_cookies.binding(f"{other}.{binding}", account="a")

    def test_names_no_account(self) -> None:
        assert "anna" not in device_cookies.renewed("", account="anna")


@pytest.mark.django_db
class TestBrowser:
    def test_gets_its_cookie_only_when_both_factors_passed(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        give_password(client)
        assert COOKIE not in client.cookies

        client.post("/inloggen/code/", {"code": enrolled.code(NOW)})

        cookie = client.cookies[COOKIE]
        assert device_cookies.binding(cookie.value, account=enrolled.user.login_index)
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert cookie["max-age"] == 365 * 86_400

    def test_keeps_it_when_it_logs_out(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        client.post("/uitloggen/")

        assert client.cookies[COOKIE].value

    def test_stores_nothing_of_it(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        give_password(client, password=WRONG)

        parts = client.cookies[COOKIE].value.split(".")
        for counter in ThrottleCounter.objects.all():
            assert not any(part in counter.key for part in parts)

    def test_of_the_owner_is_not_locked_out_from_elsewhere(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        """T6: a thousand failures from elsewhere, also from the very same address."""
        log_in(client, enrolled)
        client.post("/uitloggen/")
        try_often(throttle.PASSWORDS_PER_ACCOUNT, enrolled.user.login_index, 1000)
        try_often(throttle.PASSWORDS_PER_ADDRESS, "127.0.0.1", 1000)
        try_often(throttle.CODES_PER_ADDRESS, "127.0.0.1", 1000)
        later = NOW.replace(second=30)
        clock.move_to(later, tick=False)

        assert give_password(Client()).status_code == 429
        log_in(client, enrolled, at=later)

        assert client.get("/mijn-gegevens/").status_code == 200

    def test_is_held_up_itself_after_ten_wrong_passwords(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        log_in(client, enrolled)
        answers = [give_password(client, password=WRONG).status_code for _ in range(11)]

        assert answers == [422] * 10 + [429]
        assert give_password(Client()).status_code == 302, "no other browser is"

    def test_counts_like_any_other_for_another_account(
        self, client: Client, enrolled: Enrolled, enrolled_officer: Enrolled
    ) -> None:
        log_in(client, enrolled)
        for _ in range(10):
            give_password(client, email=OFFICER_EMAIL, password=WRONG)

        assert give_password(Client(), email=OFFICER_EMAIL).status_code == 429

    def test_is_held_up_after_twenty_codes_apart_from_its_address(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        log_in(client, enrolled)
        give_password(client)
        known = device_cookies.binding(
            client.cookies[COOKIE].value, account=enrolled.user.login_index
        )
        try_often(throttle.CODES_PER_BROWSER, known, 20)

        answer = client.post("/inloggen/code/", {"code": "000000"})

        assert answer.status_code == 429

    def test_starts_anew_after_logging_in(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        for _ in range(9):
            give_password(client, password=WRONG)
        give_password(client)
        client.post("/inloggen/herstelcode/", {"code": enrolled.codes[0]})
        client.post("/inloggen/instellen/", {"later": "1"})

        answers = [give_password(client, password=WRONG).status_code for _ in range(10)]

        assert answers == [422] * 10

    def test_is_behind_https_known_by_a_cookie_of_this_host_only(
        self, client: Client, enrolled: Enrolled, settings: Settings
    ) -> None:
        settings.DEVICE_COOKIE_NAME, settings.IS_HTTPS = "__Host-device", True

        log_in(client, enrolled)

        cookie = client.cookies["__Host-device"]
        assert cookie["secure"]
        assert not cookie["domain"]


def test_the_address_is_spelled_as_one_likes(client: Client, enrolled: Enrolled) -> None:
    log_in(client, enrolled)
    try_often(throttle.PASSWORDS_PER_ACCOUNT, enrolled.user.login_index, 1000)

    assert give_password(client, email=f" {EMAIL.upper()}").status_code == 302
