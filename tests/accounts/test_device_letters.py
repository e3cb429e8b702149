"""Lost the app and the recovery codes: a password and a code by post lead to a new app, and no further."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from accounts import throttle
from accounts.models import DataSubject, PostedCode, TotpDevice, User
from accounts.operations.letters import refuse_device_letter
from audit import keyring
from audit.events import EventKind
from consent.models import DataCategory, HeldItem
from consent.operations.letters import _make, make_letters
from consent.queries.holdings import held_context
from tests import factories
from tests.accounts.steps import EMAIL, OFFICER_EMAIL, Enrolled, give_password, try_often
from tests.accounts.test_enrolment import keep
from tests.accounts.ways import code_in_the_letter, letters, lines, subjects_to, work
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("letter_box")
HOME = "Druppelkade 12, 3599 SA Vechtstad"


@pytest.fixture
def home(enrolled: Enrolled, anna: DataSubject, usage: DataCategory) -> HeldItem:
    """We have known where Anna lives for exactly 30 days."""
    item = factories.make_item(usage, "adres")
    held = HeldItem(
        subject=anna,
        item=item,
        source=item.source,
        obtained_on=(NOW - timedelta(days=30)).date(),
    )
    held.value_sealed = keyring.seal(
        key=anna.key, plaintext=HOME.encode(), context=held_context(held.pk)
    )
    held.save()
    return held


def ask(client: Client) -> str:
    give_password(client)
    return client.post("/inloggen/brief/").headers["Location"]


def use(client: Client, code: str) -> int:
    return client.post("/inloggen/brief/code/", {"code": code}).status_code


class TestLetter:
    def test_leads_to_a_new_app_in_the_place_of_the_old(
        self, client: Client, enrolled: Enrolled, home: HeldItem
    ) -> None:
        give_password(client)
        assert client.get("/inloggen/brief/").status_code == 200
        assert ask(client) == "/inloggen/brief/code/#inhoud"
        code = code_in_the_letter()
        assert "Druppelkade 12<br>3599 SA Vechtstad" in letters()[0].read_text(encoding="utf-8")

        browser = Client()
        give_password(browser)
        assert browser.get("/inloggen/brief/code/").status_code == 200
        answer = browser.post("/inloggen/brief/code/", {"code": code})
        assert answer.headers["Location"] == "/inloggen/instellen/#inhoud"
        assert browser.get("/mijn-gegevens/").status_code == 302
        assert browser.get("/inloggen/instellen/herstelcodes/").status_code == 302
        browser.get("/inloggen/instellen/")
        new = TotpDevice.objects.get(confirmed=False)
        fresh = Enrolled(user=enrolled.user, secret=new.secret(), codes=())
        keep(browser, browser.post("/inloggen/instellen/", {"code": fresh.code(NOW)}))

        assert browser.get("/mijn-gegevens/").status_code == 200
        assert [device.pk for device in TotpDevice.objects.all()] == [new.pk]
        work()
        assert subjects_to(EMAIL) == [
            "Wij sturen u een code per post",
            "De code van onze brief is gebruikt",
            "Uw tweede stap is ingesteld",
            "Er zijn nieuwe herstelcodes gemaakt",
        ]
        for kind in (EventKind.DEVICE_LETTER_ASKED, EventKind.DEVICE_LETTER_USED):
            assert [line.subject_id for line in lines(kind)] == [home.subject_id]

    def test_counts_once_for_fourteen_days_and_for_its_owner(
        self, client: Client, home: HeldItem, bram: DataSubject, clock: time_machine.Traveller
    ) -> None:
        ask(client)
        code = code_in_the_letter()
        other = Client()
        assert give_password(other, email="bram@voorbeeld.example").status_code == 302
        assert use(other, code) == 422
        assert use(client, "") == 422
        assert use(client, "geen code") == 422
        assert use(client, code) == 302
        assert use(client, code) == 422

        PostedCode.objects.update(used_at=None)
        clock.move_to(NOW + timedelta(days=14), tick=False)
        give_password(client)
        assert use(client, code) == 422

    def test_is_asked_once_a_week(self, client: Client, home: HeldItem) -> None:
        for _ in range(2):
            ask(client)
            work()

        assert len(letters()) == 1
        assert subjects_to(EMAIL) == ["Wij sturen u een code per post"]

    def test_is_no_letter_to_activate_with(self, client: Client, home: HeldItem) -> None:
        ask(client)
        form = {"code": code_in_the_letter(), "email": "x@voorbeeld.example", "password": "y" * 12}

        assert client.post("/activeren/code/", form).status_code == 422

    def test_is_held_up_when_codes_are_guessed(self, client: Client, home: HeldItem) -> None:
        give_password(client)
        try_often(throttle.POSTED_CODES_PER_ADDRESS, "127.0.0.1", 20)

        assert use(client, "0000-0000-0000") == 429

    def test_is_not_for_who_set_up_nothing_yet(self, client: Client, home: HeldItem) -> None:
        TotpDevice.objects.all().delete()
        give_password(client)

        answer = client.get("/inloggen/brief/")
        assert answer.headers["Location"] == "/inloggen/instellen/#inhoud"


class TestRefusal:
    def check_refused(self, client: Client) -> None:
        assert ask(client) == "/inloggen/brief/code/#inhoud"  # the page tells nothing of an address
        work()
        work()
        assert letters() == []
        assert not PostedCode.objects.exists()
        assert subjects_to(EMAIL)[-1] == "Wij konden geen code per post sturen"
        assert len(lines(EventKind.LETTER_REFUSED)) == 1

    def test_of_an_address_that_is_younger_than_thirty_days(
        self, client: Client, home: HeldItem
    ) -> None:
        HeldItem.objects.update(obtained_on=(NOW - timedelta(days=29)).date())
        self.check_refused(client)

    def test_of_an_address_that_is_not_known(self, client: Client, home: HeldItem) -> None:
        HeldItem.objects.all().delete()
        self.check_refused(client)

    def test_happens_once(self, client: Client, home: HeldItem) -> None:
        ask(client)
        as_read = PostedCode.objects.select_related("subject__key").get()
        PostedCode.objects.all().delete()

        refuse_device_letter(as_read, at=NOW)
        assert not lines(EventKind.LETTER_REFUSED)

    def test_of_who_lost_the_login_meanwhile_is_told_to_nobody(
        self, client: Client, home: HeldItem
    ) -> None:
        ask(client)
        HeldItem.objects.all().delete()
        DataSubject.objects.update(user=None)
        work()

        assert subjects_to(EMAIL) == ["Wij sturen u een code per post"]

    def test_for_three_days_after_a_change_of_address(self, client: Client, home: HeldItem) -> None:
        ask(client)
        code = code_in_the_letter()
        User.objects.update(recovery_blocked_until=NOW + timedelta(hours=72))

        assert ask(client) == "/inloggen/brief/#inhoud"
        assert use(client, code) == 422

    def test_for_staff(self, client: Client, enrolled_officer: Enrolled) -> None:
        give_password(client, email=OFFICER_EMAIL)

        answer = client.post("/inloggen/brief/", follow=True)
        assert "Wij kunnen nu geen brief sturen" in answer.text


class TestMaking:
    def test_waits_when_the_folder_cannot_be_written(
        self, client: Client, home: HeldItem, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        ask(client)
        place = settings.LETTERS_DIR
        place.parent.mkdir(exist_ok=True)
        place.write_text("a file, no folder")
        work()
        assert PostedCode.objects.get().printed_at is None
        assert [record.message for record in caplog.records] == [
            "A letter could not be written (File exists)."
        ]

        place.unlink()
        assert code_in_the_letter()

    def test_of_one_letter_is_done_by_one_worker(self, client: Client, home: HeldItem) -> None:
        ask(client)
        as_read = PostedCode.objects.select_related("subject__key", "subject__user__key").get()
        assert make_letters(at=NOW) == 1

        assert not _make(as_read, at=NOW)
        assert len(letters()) == 1

    def test_is_in_the_language_of_the_owner(self, client: Client, home: HeldItem) -> None:
        User.objects.update(language="en")
        ask(client)
        work()

        assert "The code for your new app" in letters()[0].read_text(encoding="utf-8")
