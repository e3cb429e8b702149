"""A log-in with a browser that never logged in to this account is told to the owner."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts import browsers
from accounts.models import DataSubject, Notice
from accounts.notice_kinds import NoticeKind
from accounts.wording import browser_words
from consent.operations.notices import send_notices
from tests.accounts.steps import Enrolled, enrol, give_password, log_in, user_of
from tests.factories import NOW

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
LATER = NOW + timedelta(hours=1)


def told() -> int:
    return Notice.objects.filter(kind=NoticeKind.UNKNOWN_BROWSER).count()


@pytest.fixture
def known(enrolled: Enrolled, clock: time_machine.Traveller) -> Client:
    """The browser in which Anna logged in an hour ago."""
    client = Client()
    log_in(client, enrolled)
    clock.shift(timedelta(hours=1))
    return client


class TestUnknownBrowser:
    def test_is_told_by_mail(self, known: Client, enrolled: Enrolled) -> None:
        log_in(Client(headers={"User-Agent": FIREFOX}), enrolled, at=LATER)
        send_notices(at=LATER)

        (sent,) = mail.outbox
        assert sent.to == ["anna@voorbeeld.example"]
        assert sent.subject == "U logde in met een andere browser"
        assert "logde iemand in op uw account, met: Firefox op Windows." in sent.body
        assert "140" not in sent.body

    def test_is_known_from_then_on(
        self, known: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        other = Client()
        log_in(other, enrolled, at=LATER)
        assert told() == 1

        clock.shift(timedelta(minutes=1))
        other.post("/uitloggen/")
        log_in(other, enrolled, at=LATER + timedelta(minutes=1))
        assert told() == 1

    def test_is_not_the_one_that_logged_in_before(self, known: Client, enrolled: Enrolled) -> None:
        log_in(known, enrolled, at=LATER)

        assert told() == 0

    def test_is_not_told_of_the_very_first_one(self, enrolled: Enrolled) -> None:
        log_in(Client(), enrolled)

        assert told() == 0

    def test_is_known_for_one_account_and_no_other(
        self, known: Client, enrolled: Enrolled, bram: DataSubject, clock: time_machine.Traveller
    ) -> None:
        person = enrol(user_of(bram), at=LATER)
        log_in(Client(), person, email="bram@voorbeeld.example", at=LATER)
        clock.shift(timedelta(minutes=1))

        later = LATER + timedelta(minutes=1)
        log_in(known, person, email="bram@voorbeeld.example", at=later)

        assert Notice.objects.get().user == person.user

    def test_is_not_made_known_by_a_password_alone(self, known: Client, enrolled: Enrolled) -> None:
        other = Client()

        give_password(other)

        assert "device" not in other.cookies

    def test_has_a_cookie_that_no_script_reads(self, known: Client) -> None:
        cookie = known.cookies["device"]

        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["max-age"] == 365 * 24 * 3600

    @pytest.mark.parametrize("forged", ["", "x", "é" * 22, "a" * 22 + ".b", "a" * 500])
    def test_is_one_with_a_forged_cookie(
        self, known: Client, enrolled: Enrolled, settings: Settings, forged: str
    ) -> None:
        other = Client()
        other.cookies[settings.DEVICE_COOKIE_NAME] = forged

        log_in(other, enrolled, at=LATER)

        assert told() == 1


class TestKindOfBrowser:
    @pytest.mark.parametrize(
        ("user_agent", "code", "said"),
        [
            (FIREFOX, "firefox/windows", "Firefox op Windows"),
            (
                (
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
                    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
                ),
                "safari/iphone",
                "Safari op iPhone",
            ),
            (
                (
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
                ),
                "edge/windows",
                "Edge op Windows",
            ),
            (
                (
                    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
                    "Chrome/140.0.0.0 Mobile Safari/537.36"
                ),
                "chrome/android",
                "Chrome op Android",
            ),
            ("curl/8 Linux", "/linux", "Linux"),
            ("Firefox/1", "firefox/", "Firefox"),
            ("<script>alert(1)</script>", "", "een onbekende browser"),
        ],
        ids=["firefox", "safari", "edge", "chrome", "system alone", "browser alone", "nothing"],
    )
    def test_is_said_as_people_do(self, user_agent: str, code: str, said: str) -> None:
        assert browsers.family(user_agent) == code
        assert browser_words(code) == said
        assert len(code) <= 32
