"""Another app and new recovery codes, of who is logged in: with a fresh second factor, and everybody else out."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client

from accounts import operations, throttle
from accounts.models import Notice, RecoveryDevice, TotpDevice, User
from accounts.notice_kinds import NoticeKind
from audit import queries as log
from audit.events import EventKind
from tests.accounts.steps import (
    OFFICER_EMAIL,
    Enrolled,
    enrol,
    give_password,
    log_in,
    try_often,
)
from tests.accounts.test_enrolment import CODE
from tests.factories import NOW
from tests.visitors import words

pytestmark = pytest.mark.django_db
CODES, APP, SECURITY = "/beveiliging/codes/", "/beveiliging/app/", "/beveiliging/#inhoud"
LATER = NOW + timedelta(minutes=2)


@pytest.fixture
def inside(client: Client, enrolled: Enrolled, clock: time_machine.Traveller) -> Client:
    """Anna's browser, two minutes after she logged in."""
    log_in(client, enrolled)
    clock.move_to(LATER, tick=False)
    return client


@pytest.fixture
def elsewhere(enrolled: Enrolled) -> Client:
    """Another browser in which Anna is logged in, since before."""
    other = Client()
    give_password(other)
    other.post("/inloggen/herstelcode/", {"code": enrolled.codes[9]})
    other.post("/inloggen/instellen/", {"later": "1"})
    assert other.get("/mijn-gegevens/").status_code == 200
    return other


def kinds() -> list[str]:
    return [entry.kind for entry in log.entries(filter=log.EntryFilter(), before=None, limit=99)]


def told() -> list[str]:
    return list(Notice.objects.order_by("created_at", "pk").values_list("kind", flat=True))


def fresh_app() -> TotpDevice:
    device: TotpDevice = TotpDevice.objects.get(confirmed=False)
    return device


def code_for(device: TotpDevice) -> str:
    person = Enrolled(user=device.user, secret=device.secret(), codes=())
    return person.code(LATER)


class TestBoth:
    @pytest.mark.parametrize("page", [CODES, APP])
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_need_a_fresh_second_factor(
        self, inside: Client, clock: time_machine.Traveller, page: str, method: str
    ) -> None:
        clock.shift(timedelta(minutes=10))

        answer = getattr(inside, method)(page)

        assert answer.headers["Location"].startswith("/bevestigen/?next=%2Fbeveiliging%2F")
        assert not TotpDevice.objects.filter(confirmed=False).exists()

    @pytest.mark.parametrize("page", [CODES, APP])
    def test_do_not_take_a_recovery_code_for_one(self, elsewhere: Client, page: str) -> None:
        assert elsewhere.get(page).headers["Location"].startswith("/bevestigen/")

    @pytest.mark.parametrize("page", [CODES, APP])
    def test_are_for_staff_too(self, client: Client, enrolled_officer: Enrolled, page: str) -> None:
        log_in(client, enrolled_officer, email=OFFICER_EMAIL)

        assert client.get(page).status_code == 200

    def test_stand_on_the_page_about_security(self, inside: Client) -> None:
        page = inside.get("/beveiliging/").content.decode()

        assert f'href="{CODES}"' in page
        assert f'href="{APP}"' in page


class TestNewCodes:
    def make(self, browser: Client) -> list[str]:
        found: list[str] = CODE.findall(browser.post(CODES).content.decode())
        assert len(set(found)) == 10
        return found

    def test_are_shown_when_asked_for(self, inside: Client) -> None:
        page = inside.get(CODES).content.decode()

        assert not CODE.findall(page)
        assert "Codes die u al hebt, blijven werken" in words(page)

    def test_count_when_one_was_typed_back(self, inside: Client, enrolled: Enrolled) -> None:
        codes = self.make(inside)
        device = RecoveryDevice.objects.get(confirmed=True)
        assert device.has(enrolled.codes[0])

        answer = inside.post(CODES, {"code": codes[0]})

        assert answer.headers["Location"] == SECURITY
        kept = RecoveryDevice.objects.get()
        assert kept.confirmed
        assert kept.codes_left() == 10
        assert kept.has(codes[0])
        assert not kept.has(enrolled.codes[0])
        assert "Maak op tijd nieuwe" not in words(inside.get("/beveiliging/").content.decode())

    def test_do_not_count_when_something_else_was_typed(
        self, inside: Client, enrolled: Enrolled
    ) -> None:
        self.make(inside)

        answer = inside.post(CODES, {"code": enrolled.codes[0]})

        assert answer.status_code == 422
        assert "Dit is niet een van de codes" in words(answer.content.decode())
        assert RecoveryDevice.objects.get(confirmed=True).has(enrolled.codes[0])

    def test_are_logged_and_mailed_about(self, inside: Client) -> None:
        inside.post(CODES, {"code": self.make(inside)[0]})

        assert kinds().count(EventKind.RECOVERY_CODES_MADE) == 1
        assert told() == [NoticeKind.RECOVERY_CODES_MADE]
        assert not mail.outbox, "the worker mails it"

    def test_log_out_every_other_browser(self, inside: Client, elsewhere: Client) -> None:
        inside.post(CODES, {"code": self.make(inside)[0]})

        assert elsewhere.get("/mijn-gegevens/").status_code == 302
        assert inside.get("/mijn-gegevens/").status_code == 200

    def test_are_readable_in_the_own_history(self, inside: Client) -> None:
        inside.post(CODES, {"code": self.make(inside)[0]})

        assert "maakte nieuwe herstelcodes" in words(inside.get("/wie-keek/").content.decode())


class TestFewCodes:
    def use(self, enrolled: Enrolled, *, left: int) -> Client:
        RecoveryDevice.objects.get().codes.filter(
            pk__in=RecoveryDevice.objects.get().codes.values("pk")[: 9 - left]
        ).update(used_at=NOW)
        unused = [
            code
            for code in enrolled.codes
            if RecoveryDevice.objects.get()
            .codes.filter(
                used_at=None,
                lookup=RecoveryDevice.objects.get().lookup(code.replace("-", "")),
            )
            .exists()
        ]
        browser = Client()
        give_password(browser)
        browser.post("/inloggen/herstelcode/", {"code": unused[0]})
        browser.post("/inloggen/instellen/", {"later": "1"})
        return browser

    @pytest.mark.parametrize(("left", "is_offered"), [(3, False), (2, True), (0, True)])
    def test_are_offered_to_be_made_anew(
        self, enrolled: Enrolled, left: int, *, is_offered: bool
    ) -> None:
        page = self.use(enrolled, left=left).get("/mijn-gegevens/").content.decode()

        assert re.search(rf"U hebt nog {left} codes?\b", words(page))
        assert (f'href="{CODES}"' in page) is is_offered

    def test_say_so_on_the_page_about_security(self, enrolled: Enrolled) -> None:
        page = self.use(enrolled, left=2).get("/beveiliging/").content.decode()

        assert "Dat zijn er weinig." in words(page)

    def test_that_are_used_are_mailed_about(self, enrolled: Enrolled) -> None:
        self.use(enrolled, left=9)

        assert told() == [NoticeKind.RECOVERY_CODE_USED]


class TestNewApp:
    def test_comes_in_place_of_the_old_one(self, inside: Client, enrolled: Enrolled) -> None:
        page = inside.get(APP).content.decode()
        device = fresh_app()
        assert "<svg" in page
        assert TotpDevice.objects.filter(confirmed=True).count() == 1

        answer = inside.post(APP, {"code": code_for(device)})

        assert answer.headers["Location"] == SECURITY
        assert TotpDevice.objects.get().pk == device.pk
        assert inside.get("/mijn-gegevens/").status_code == 200, "still logged in, with the new app"
        assert "new_app" not in inside.session
        later = LATER + timedelta(minutes=1)
        assert device.secret() != enrolled.secret
        assert Enrolled(user=enrolled.user, secret=device.secret(), codes=()).code(later)

    def test_keeps_its_secret_while_codes_are_typed(self, inside: Client) -> None:
        inside.get(APP)
        secret = fresh_app().secret()

        for typed in ("", "abcdef"):
            assert inside.post(APP, {"code": typed}).status_code == 422
        inside.get(APP)

        assert fresh_app().secret() == secret
        assert TotpDevice.objects.filter(confirmed=True).count() == 1

    def test_starts_again_when_the_setting_up_took_too_long(self, inside: Client) -> None:
        inside.get(APP)
        gone = fresh_app()
        gone_code = code_for(gone)
        gone.delete()

        assert inside.post(APP, {"code": gone_code}).status_code == 422
        assert fresh_app().pk != gone.pk

    def test_is_logged_and_mailed_about(self, inside: Client) -> None:
        inside.get(APP)
        inside.post(APP, {"code": code_for(fresh_app())})

        assert kinds()[0] == EventKind.SECOND_FACTOR_ADDED
        assert told() == [NoticeKind.FACTOR_ADDED]

    def test_logs_out_every_other_browser(self, inside: Client, elsewhere: Client) -> None:
        inside.get(APP)
        inside.post(APP, {"code": code_for(fresh_app())})

        assert elsewhere.get("/mijn-gegevens/").status_code == 302
        assert inside.get("/mijn-gegevens/").status_code == 200

    def test_gives_the_session_another_key(self, inside: Client) -> None:
        inside.get(APP)
        before = inside.session.session_key
        inside.post(APP, {"code": code_for(fresh_app())})

        assert inside.session.session_key != before

    def test_is_throttled(self, inside: Client, enrolled: Enrolled) -> None:
        inside.cookies.pop("device")
        try_often(throttle.CODES_PER_ADDRESS, "127.0.0.1", 20, at=LATER)
        inside.get(APP)

        answer = inside.post(APP, {"code": code_for(fresh_app())})

        assert answer.status_code == 429
        assert inside.get("/mijn-gegevens/").status_code == 200, "nothing is halfway here"

    def test_is_not_that_of_somebody_else(self, inside: Client, enrolled_officer: Enrolled) -> None:
        other = operations.start_app(user=enrolled_officer.user, at=LATER)
        session = inside.session
        session["new_app"] = other.pk
        session.save()

        inside.get(APP)

        assert inside.session["new_app"] != other.pk


class TestStepUpWithADisabledApp:
    def test_says_that_it_no_longer_counts(self, inside: Client, carla: User) -> None:
        enrol(carla)
        TotpDevice.objects.update(throttling_failure_count=50)

        answer = inside.post("/bevestigen/", {"code": "000000", "next": CODES})

        assert answer.status_code == 422
        assert "Deze app telt niet meer" in words(answer.content.decode())
