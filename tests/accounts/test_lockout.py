"""Guessing is held up at every step, for every spelling, and everywhere at once; the owner is not."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from accounts import throttle
from accounts.devices import DISABLED_AT
from accounts.models import RecoveryDevice, ThrottleCounter, TotpDevice, User
from accounts.queries import log_in_is_attacked
from audit import queries as log
from audit.events import EventKind
from audit.models import LogEntry
from tests.accounts.passkey_steps import give_passkey
from tests.accounts.steps import EMAIL, Enrolled, give_password, log_in, try_often
from tests.accounts.test_enrolment import set_up
from tests.factories import NOW
from tests.visitors import client_of, words

pytestmark = pytest.mark.django_db
WRONG = "verkeerd wachtwoord"


def count_of(limit: throttle.Limit, value: str) -> int:
    return throttle.count_all([throttle.Bucket(limit=limit, value=value, adds=0)], at=NOW)[0]


class TestSpelling:
    @pytest.mark.parametrize(
        "spelling",
        [
            EMAIL.upper(),
            f"\u3000{EMAIL} ",
            "\uff21nna@voorbeeld.example",  # a fullwidth A
        ],
    )
    def test_identifier_variants_share_throttle(
        self, client: Client, enrolled: Enrolled, spelling: str
    ) -> None:
        for _ in range(10):
            give_password(client, email=spelling, password=WRONG)

        assert give_password(client).status_code == 429

    @pytest.mark.parametrize("empty", ["", " ", "\u3000", "\u00a0"])
    def test_empty_identifier_not_counted(
        self, client: Client, enrolled: Enrolled, empty: str
    ) -> None:
        for _ in range(12):
            assert give_password(client, email=empty, password=WRONG).status_code == 422

        assert not ThrottleCounter.objects.exists()


class TestPlace:
    def test_xff_ignored_by_default(self, client: Client, enrolled: Enrolled) -> None:
        form = {"email": EMAIL, "password": WRONG}
        for last in range(3):
            client.post("/inloggen/", form, headers={"X-Forwarded-For": f"192.0.2.{last}"})

        assert count_of(throttle.PASSWORDS_PER_ADDRESS, "127.0.0.1") == 3

    def test_ipv6_prefix(self, enrolled: Enrolled) -> None:
        for last in range(3):
            give_password(Client(REMOTE_ADDR=f"2001:db8:1:2:{last}::{last}"), password=WRONG)

        assert count_of(throttle.PASSWORDS_PER_ADDRESS, "2001:db8:1:2::/64") == 3

    def test_success_does_not_reset_ip(self, client: Client, enrolled: Enrolled) -> None:
        try_often(throttle.PASSWORDS_PER_ADDRESS, "127.0.0.1", 30)
        try_often(throttle.CODES_PER_ADDRESS, "127.0.0.1", 9)

        log_in(client, enrolled)

        assert client.get("/mijn-gegevens/").status_code == 200
        assert count_of(throttle.PASSWORDS_PER_ADDRESS, "127.0.0.1") == 30
        assert count_of(throttle.CODES_PER_ADDRESS, "127.0.0.1") == 9

    def test_a_password_alone_forgets_nothing_of_the_account(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        for _ in range(5):
            give_password(client, password=WRONG)
        give_password(client)

        assert count_of(throttle.PASSWORDS_PER_ACCOUNT, enrolled.user.login_index) == 6


class TestEveryStep:
    """A lock that comes while somebody is halfway counts at once, and ends that log-in."""

    STEPS = (
        ("/inloggen/code/", "{code}"),
        ("/inloggen/herstelcode/", "{paper}"),
    )

    def post(self, client: Client, enrolled: Enrolled, step: str, typed: str) -> int:
        code = typed.format(code=enrolled.code(NOW), paper=enrolled.codes[0])
        return client.post(step, {"code": code}).status_code

    @pytest.mark.parametrize(("step", "typed"), STEPS)
    def test_lock_checked_at_every_step(
        self, client: Client, enrolled: Enrolled, step: str, typed: str
    ) -> None:
        give_password(client)
        try_often(throttle.PASSWORDS_PER_ACCOUNT, enrolled.user.login_index, 11)

        assert self.post(client, enrolled, step, typed) == 429
        assert client.get(step).headers["Location"] == "/inloggen/#inhoud"
        assert "pending_log_in" not in client.session

    @pytest.mark.parametrize(("step", "typed"), STEPS)
    def test_too_many_codes_end_the_log_in(
        self, client: Client, enrolled: Enrolled, step: str, typed: str
    ) -> None:
        give_password(client)
        try_often(throttle.CODES_PER_ADDRESS, "127.0.0.1", 20)

        answer = client.post(step, {"code": "000000"})

        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 900
        assert "U probeerde het te vaak. Wacht" in words(answer.content.decode())
        assert b'action="/inloggen/#fouten"' in answer.content
        assert client.get(step).headers["Location"] == "/inloggen/#inhoud"

    def test_enrolment_code_throttled(
        self, client: Client, clock: time_machine.Traveller, organisation: object, anna: object
    ) -> None:
        try_often(throttle.CODES_PER_ADDRESS, "127.0.0.1", 20)

        assert set_up(client).status_code == 429
        assert not TotpDevice.objects.filter(confirmed=True).exists()
        assert client.get("/inloggen/instellen/").headers["Location"] == "/inloggen/#inhoud"

    def test_waiting_for_one_factor_ends_nothing(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)
        for _ in range(3):
            client.post("/inloggen/code/", {"code": enrolled.wrong_code(NOW)})

        assert client.post("/inloggen/code/", {"code": "000000"}).status_code == 429
        assert client.get("/inloggen/code/").status_code == 200


class TestFactor:
    def test_totp_failure_does_not_touch_recovery(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)
        for _ in range(3):
            client.post("/inloggen/code/", {"code": enrolled.wrong_code(NOW)})

        assert RecoveryDevice.objects.get().throttling_failure_count == 0

    def test_device_disabled_after_50(self, client: Client, enrolled: Enrolled) -> None:
        TotpDevice.objects.update(throttling_failure_count=DISABLED_AT - 1)
        give_password(client)
        client.post("/inloggen/code/", {"code": enrolled.wrong_code(NOW)})

        answer = client.post("/inloggen/code/", {"code": enrolled.code(NOW)})

        assert answer.status_code == 422
        assert not client.session.get("_auth_user_id")
        (entry,) = log.entries(
            filter=log.EntryFilter(kind=EventKind.FACTOR_DISABLED), before=None, limit=9
        )
        assert entry.shown == {"factor": "app"}
        assert entry.subject_id == enrolled.user.data_subject.id

    def test_that_is_disabled_says_what_to_do(self, client: Client, enrolled: Enrolled) -> None:
        TotpDevice.objects.update(throttling_failure_count=DISABLED_AT)
        give_password(client)

        for answer in (
            client.get("/inloggen/code/"),
            client.post("/inloggen/code/", {"code": "1"}),
        ):
            said = words(answer.content.decode())
            assert "Uw app telt niet meer" in said
            assert "50 keer achter elkaar" in said
            assert b'href="/inloggen/herstelcode/"' in answer.content

        client.post("/inloggen/herstelcode/", {"code": enrolled.codes[0]})
        assert client.get("/inloggen/instellen/").status_code == 200

    def test_that_is_disabled_does_not_point_to_what_one_does_not_have(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        TotpDevice.objects.update(throttling_failure_count=DISABLED_AT)
        RecoveryDevice.objects.all().delete()
        give_password(client)

        page = client.get("/inloggen/code/").content.decode()

        assert "/inloggen/herstelcode/" not in page
        assert "Bel ons" in words(page)

    def test_that_is_disabled_leaves_the_passkey(self, client: Client, enrolled: Enrolled) -> None:
        give_passkey(enrolled.user)
        TotpDevice.objects.update(throttling_failure_count=DISABLED_AT)
        give_password(client)

        page = client.get("/inloggen/code/").content.decode()

        assert "Gebruik uw passkey" in words(page)
        assert 'name="code"' not in page

    def test_on_paper_that_is_disabled_leads_back_to_the_app(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        RecoveryDevice.objects.update(throttling_failure_count=DISABLED_AT)
        give_password(client)

        page = client.get("/inloggen/herstelcode/").content.decode()

        assert "Uw herstelcodes tellen niet meer" in words(page)
        assert 'href="/inloggen/code/"' in page


class TestClock:
    """The code is right for another moment: most often the clock of the telephone is wrong."""

    @pytest.mark.parametrize(
        ("seconds", "told"),
        [
            (-300, "een code van ongeveer 5 minuten geleden"),
            (-60, "een code van ongeveer 60 seconden geleden"),
            (90, "een code van over ongeveer 90 seconden"),
            (300, "een code van over ongeveer 5 minuten"),
        ],
    )
    def test_that_is_off_is_told_by_how_much(
        self, client: Client, enrolled: Enrolled, seconds: int, told: str
    ) -> None:
        give_password(client)

        answer = client.post(
            "/inloggen/code/", {"code": enrolled.code(NOW + timedelta(seconds=seconds))}
        )

        assert answer.status_code == 422
        said = words(answer.content.decode())
        assert told in said
        assert "Zet die op automatisch." in said
        assert client.get("/mijn-gegevens/").status_code == 302

    @pytest.mark.parametrize("seconds", [-330, 330])
    def test_that_is_further_off_is_not(
        self, client: Client, enrolled: Enrolled, seconds: int
    ) -> None:
        give_password(client)

        code = enrolled.code(NOW + timedelta(seconds=seconds))
        said = words(client.post("/inloggen/code/", {"code": code}).content.decode())

        assert "ongeveer" not in said

    def test_is_not_blamed_for_a_code_that_was_used(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        log_in(client, enrolled)
        other = Client()

        answer = log_in(other, enrolled)

        assert "ongeveer" not in words(answer.content.decode())

    def test_is_told_while_setting_up_too(
        self, client: Client, clock: time_machine.Traveller, organisation: object, anna: object
    ) -> None:
        give_password(client)
        client.get("/inloggen/instellen/")
        device = TotpDevice.objects.get()
        person = Enrolled(user=device.user, secret=device.secret(), codes=())

        answer = client.post(
            "/inloggen/instellen/", {"code": person.code(NOW - timedelta(minutes=3))}
        )

        assert "ongeveer 3 minuten geleden" in words(answer.content.decode())


class TestAlarm:
    """T7: passwords tried on very many accounts, a few on each and from many places."""

    def spray(self, accounts: int) -> None:
        for number in range(accounts):
            browser = Client(REMOTE_ADDR=f"198.51.{number // 250}.{number % 250}")
            for _ in range(2):
                give_password(browser, email=f"{number}@voorbeeld.example", password=WRONG)

    def logged(self) -> int:
        return LogEntry.objects.filter(kind=EventKind.ATTACK_SUSPECTED).count()

    def test_is_raised_once_when_very_many_accounts_are_tried(
        self,
        enrolled: Enrolled,
        carla: User,
        clock: time_machine.Traveller,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        try_often(throttle.ACCOUNTS_WITH_A_WRONG_PASSWORD, "all", 98)
        self.spray(2)
        assert not log_in_is_attacked(at=NOW)
        assert self.logged() == 0

        self.spray(5)

        assert log_in_is_attacked(at=NOW)
        assert self.logged() == 1
        assert "More than 100 accounts" in caplog.text
        officer = client_of(carla)
        assert "op heel veel accounts" in words(officer.get("/kantoor/logboek/").content.decode())

    def test_is_over_in_the_second_window_after_it(self, enrolled: Enrolled) -> None:
        try_often(throttle.ACCOUNTS_WITH_A_WRONG_PASSWORD, "all", 101)

        assert log_in_is_attacked(at=NOW + timedelta(minutes=15))
        assert not log_in_is_attacked(at=NOW + timedelta(minutes=30))

    def test_is_not_raised_by_people_who_forgot_theirs(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        log_in(client, enrolled)  # a browser that is known
        give_password(client, password=WRONG)
        for _ in range(3):
            give_password(Client(), password=WRONG)

        assert count_of(throttle.ACCOUNTS_WITH_A_WRONG_PASSWORD, "all") == 1

    def test_is_held_up_per_address_long_before(self, enrolled: Enrolled) -> None:
        browser = Client(REMOTE_ADDR="198.51.100.7")
        try_often(throttle.PASSWORDS_PER_ADDRESS, "198.51.100.7", 50)

        assert give_password(browser, email="x@voorbeeld.example").status_code == 429


def test_behind_a_proxy_the_cookie_still_decides(
    client: Client, enrolled: Enrolled, settings: Settings
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    log_in(client, enrolled)
    try_often(throttle.PASSWORDS_PER_ADDRESS, "127.0.0.1", 99)

    assert give_password(client).status_code == 302
    assert give_password(Client()).status_code == 429
