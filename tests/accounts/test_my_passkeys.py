"""One's own passkeys: what the page tells, and what one may do there."""

from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import DataSubject, Notice, Passkey, Role, TotpDevice, User
from accounts.operations.passkeys import MOST_PASSKEYS
from audit.events import EventKind
from consent.models import Organisation
from tests import factories
from tests.accounts.passkey_steps import (
    ADD,
    LOG_IN,
    MINE,
    STEP_UP,
    give_passkey,
    make,
    prove,
    question,
)
from tests.accounts.soft_authenticator import SoftAuthenticator, text_of
from tests.accounts.steps import Enrolled, user_of
from tests.accounts.test_log_in import events, is_logged_in
from tests.factories import NOW
from tests.visitors import client_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(enrolled: Enrolled) -> Client:
    return client_of(enrolled.user)


def only() -> Passkey:
    passkey: Passkey = Passkey.objects.get()
    return passkey


class TestList:
    def test_tells_of_each_what_one_needs_to_know(
        self, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        phone, _ = give_passkey(enrolled.user, name="telefoon")
        give_passkey(enrolled.user, name="sleutel", device=SoftAuthenticator(is_synced=False))
        clock.shift(timedelta(days=1))
        later = Client()
        prove(later, phone)

        said = words(later.get(MINE).text)

        assert (
            "telefoon Gemaakt op 29 maart 2026 Laatst gebruikt 30 maart 2026 om 03.30 uur" in said
        )
        assert "Gesynchroniseerd: hij staat ook op uw andere apparaten" in said
        assert "sleutel Gemaakt op 29 maart 2026 Laatst gebruikt Nog niet gebruikt" in said
        assert "Alleen op dit ene apparaat" in said

    def test_shows_nothing_of_somebody_else(self, browser: Client, bram: DataSubject) -> None:
        give_passkey(user_of(bram), name="van Bram")

        page = browser.get(MINE).text

        assert "van Bram" not in page
        assert "U hebt nog geen passkey." in page

    @pytest.mark.parametrize("role", Role)
    def test_is_there_for_every_role(self, role: Role, organisation: Organisation) -> None:
        user = factories.make_user("iemand@vechtwater.example", role=role)

        assert client_of(user).get(MINE).status_code == 200

    def test_costs_as_many_queries_for_many_as_for_one(
        self, browser: Client, enrolled: Enrolled
    ) -> None:
        counts = set()
        for number in range(3):
            give_passkey(enrolled.user, keep=browser, name=str(number))
            browser.get(MINE)
            with CaptureQueriesContext(connection) as queries:
                browser.get(MINE)
            counts.add(len(queries))

        assert len(counts) == 1

    def test_is_where_one_is_led_after_logging_in_for_it(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        device, _ = give_passkey(enrolled.user)

        assert prove(client, device, LOG_IN, next_page=MINE).headers["Location"].startswith(MINE)


class TestMakingOne:
    def test_adds_it_to_those_there_are(self, browser: Client, enrolled: Enrolled) -> None:
        first, _ = give_passkey(enrolled.user, keep=browser)
        assert [one["id"] for one in question(browser, ADD)["excludeCredentials"]] == [
            text_of(first.credential_id)
        ]
        second = SoftAuthenticator()

        assert make(browser, second, ADD, name="laptop").headers["Location"] == f"{MINE}#inhoud"

        assert "Uw passkey is klaar." in browser.get(MINE).text
        assert {one.label for one in Passkey.objects.all()} == {"telefoon", "laptop"}
        assert prove(Client(), second).status_code == 302

    def test_begins_a_new_session_of_the_same_person(
        self, browser: Client, enrolled: Enrolled
    ) -> None:
        before = browser.session.session_key
        make(browser, SoftAuthenticator(), ADD)

        assert browser.session.session_key != before
        assert is_logged_in(browser)

    def test_ends_all_other_sessions(self, browser: Client, enrolled: Enrolled) -> None:
        elsewhere = client_of(enrolled.user)
        make(browser, SoftAuthenticator(), ADD)

        assert not is_logged_in(elsewhere)
        assert is_logged_in(browser)

    def test_keeps_none_that_is_not_right(self, browser: Client) -> None:
        answer = make(browser, SoftAuthenticator(verifies_user=False), ADD)

        assert answer.status_code == 422
        assert not Passkey.objects.exists()

    def test_stops_at_ten(self, browser: Client, enrolled: Enrolled) -> None:
        for _number in range(MOST_PASSKEYS):
            give_passkey(enrolled.user, keep=browser)

        answer = make(browser, SoftAuthenticator(), ADD)

        assert answer.status_code == 422
        assert "U hebt tien passkeys." in answer.text
        assert Passkey.objects.count() == MOST_PASSKEYS


class TestName:
    def test_may_be_another(self, browser: Client, enrolled: Enrolled) -> None:
        give_passkey(enrolled.user, keep=browser, name="telefoon")
        page = f"{MINE}{only().public_id}/"
        assert 'value="telefoon"' in browser.get(page).text

        answer = browser.post(page, {"name": "oude telefoon"})

        assert answer.headers["Location"] == f"{MINE}#inhoud"
        assert only().label == "oude telefoon"
        assert len(events(EventKind.PASSKEY_RENAMED)) == 1
        assert Notice.objects.filter(kind="passkey-renamed").count() == 1

    @pytest.mark.parametrize(
        ("name", "fault"), [("  ", "Vul een naam in"), ("x" * 41, "hooguit 40 tekens")]
    )
    def test_is_asked_for_again(
        self, browser: Client, enrolled: Enrolled, name: str, fault: str
    ) -> None:
        give_passkey(enrolled.user, keep=browser, name="telefoon")

        answer = browser.post(f"{MINE}{only().public_id}/", {"name": name})

        assert answer.status_code == 422
        assert fault in answer.text
        assert only().label == "telefoon"

    def test_is_nowhere_in_the_log(self, browser: Client, enrolled: Enrolled) -> None:
        give_passkey(enrolled.user, keep=browser, name="kanarie")
        browser.post(f"{MINE}{only().public_id}/", {"name": "kanarie twee"})

        for kind in (EventKind.PASSKEY_ADDED, EventKind.PASSKEY_RENAMED):
            assert "kanarie" not in str(events(kind))


class TestRemoving:
    def test_asks_first_and_then_removes(self, browser: Client, enrolled: Enrolled) -> None:
        device, passkey = give_passkey(enrolled.user, keep=browser, name="telefoon")
        page = f"{MINE}{passkey.public_id}/verwijderen/"
        assert "telefoon" in browser.get(page).text
        assert Passkey.objects.exists()

        answer = browser.post(page)

        assert answer.headers["Location"] == f"{MINE}#inhoud"
        assert not Passkey.objects.exists()
        assert prove(Client(), device).status_code == 422
        assert len(events(EventKind.PASSKEY_REMOVED)) == 1
        assert Notice.objects.filter(kind="passkey-removed").count() == 1

    def test_ends_all_other_sessions(self, browser: Client, enrolled: Enrolled) -> None:
        device, passkey = give_passkey(enrolled.user, keep=browser)
        elsewhere = Client()
        prove(elsewhere, device)
        assert is_logged_in(elsewhere)

        browser.post(f"{MINE}{passkey.public_id}/verwijderen/")

        assert not is_logged_in(elsewhere)
        assert is_logged_in(browser)

    def test_of_the_one_in_use_says_so_and_leads_to_logging_in(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        device, passkey = give_passkey(enrolled.user)
        prove(client, device)
        page = f"{MINE}{passkey.public_id}/verwijderen/"
        assert "Daarna moet u opnieuw inloggen." in client.get(page).text

        answer = client.post(page, follow=True)

        assert answer.redirect_chain == [("/inloggen/#inhoud", 302)]
        assert "Uw passkey is verwijderd." in answer.text
        assert not is_logged_in(client)

    def test_leaves_something_to_log_in_with(self, browser: Client, enrolled: Enrolled) -> None:
        _, first = give_passkey(enrolled.user, keep=browser)
        _, second = give_passkey(enrolled.user, keep=browser)
        device = SoftAuthenticator()
        give_passkey(enrolled.user, keep=browser, device=device)
        client = Client()
        prove(client, device)
        TotpDevice.objects.all().delete()

        for passkey in (first, second):
            assert client.post(f"{MINE}{passkey.public_id}/verwijderen/").status_code == 302
        answer = client.post(f"{MINE}{only().public_id}/verwijderen/")

        assert answer.status_code == 422
        assert "u hebt hem nodig om in te loggen" in answer.text
        assert Passkey.objects.count() == 1

    def test_leaves_staff_a_passkey(
        self, enrolled_officer: Enrolled, organisation: Organisation, settings: Settings
    ) -> None:
        officer = client_of(enrolled_officer.user)
        _, passkey = give_passkey(enrolled_officer.user, keep=officer)
        settings.STAFF_PASSKEY_REQUIRED = True
        page = f"{MINE}{passkey.public_id}/verwijderen/"
        assert officer.post(page).status_code == 422

        settings.STAFF_PASSKEY_REQUIRED = False
        assert officer.post(page).status_code == 302


class TestSomebodyElse:
    def test_finds_no_passkey_that_is_not_hers(self, browser: Client, bram: DataSubject) -> None:
        _, passkey = give_passkey(user_of(bram), name="van Bram")

        for page in (f"{MINE}{passkey.public_id}/", f"{MINE}{passkey.public_id}/verwijderen/"):
            assert browser.get(page).status_code == 404
            assert browser.post(page, {"name": "van Anna"}).status_code == 404
        assert only().label == "van Bram"

    def test_is_not_told_whether_there_is_one(self, browser: Client) -> None:
        assert browser.get(f"{MINE}{UUID(int=4)}/").status_code == 404


class TestHistory:
    def test_tells_the_customer_what_was_done_with_passkeys(
        self, browser: Client, enrolled: Enrolled
    ) -> None:
        _, passkey = give_passkey(enrolled.user, keep=browser)
        browser.post(f"{MINE}{passkey.public_id}/", {"name": "laptop"})
        browser.post(f"{MINE}{passkey.public_id}/verwijderen/")

        said = words(browser.get("/wie-keek/").text)

        for part in (
            "maakte een passkey om in te loggen.",
            "gaf een passkey een andere naam.",
            "verwijderde een passkey.",
        ):
            assert part in said

    def test_of_staff_names_who_it_was(self, carla: User) -> None:
        give_passkey(carla, at=NOW)

        (line,) = events(EventKind.PASSKEY_ADDED)
        assert (line.internal or {})["user"] == str(carla.pk)


class TestStepUp:
    """Adding, naming and removing ask for a fresh second factor; looking does not."""

    @pytest.fixture
    def device(self, enrolled: Enrolled) -> SoftAuthenticator:
        return give_passkey(enrolled.user)[0]

    @pytest.fixture
    def later(self, device: SoftAuthenticator, clock: time_machine.Traveller) -> Client:
        """Anna's browser, eleven minutes after she logged in."""
        client = Client()
        prove(client, device)
        clock.shift(timedelta(minutes=11))
        return client

    def test_is_asked_before_each_change(self, later: Client) -> None:
        page = f"{MINE}{only().public_id}/"
        answers = [
            later.get(ADD),
            later.post(ADD, {"passkey": "{}"}),
            later.post(f"{ADD}vraag/"),
            later.get(page),
            later.post(page, {"name": "van een ander"}),
            later.get(f"{page}verwijderen/"),
            later.post(f"{page}verwijderen/"),
        ]

        assert {answer.headers["Location"].partition("?")[0] for answer in answers} == {
            "/bevestigen/"
        }
        assert later.get(MINE).status_code == 200
        assert only().label == "telefoon"

    def test_takes_a_passkey_and_leads_back(self, later: Client, device: SoftAuthenticator) -> None:
        before = later.session.session_key

        answer = prove(later, device, STEP_UP, next_page=ADD)

        assert answer.headers["Location"] == f"{ADD}#inhoud"
        assert later.session.session_key != before
        assert later.get(ADD).status_code == 200
        (line,) = events(EventKind.IDENTITY_CONFIRMED)
        assert line.shown == {"factor": "passkey"}

    def test_takes_no_passkey_that_does_not_check_who_holds_it(
        self, later: Client, device: SoftAuthenticator
    ) -> None:
        device.verifies_user = False

        answer = prove(later, device, STEP_UP, next_page=ADD)

        assert answer.status_code == 422
        assert 'href="#id_passkey"' in answer.text
        assert answer.text.count(f'name="next" value="{ADD}"') == 2, "with the code as well"
        assert later.get(ADD).status_code == 302

    def test_takes_no_passkey_of_somebody_else(self, later: Client, bram: DataSubject) -> None:
        other, _ = give_passkey(user_of(bram), at=NOW + timedelta(minutes=11))

        assert prove(later, other, STEP_UP).status_code == 422

    def test_takes_no_answer_to_the_question_of_logging_in(
        self, later: Client, device: SoftAuthenticator
    ) -> None:
        asked = question(later, LOG_IN)

        assert later.post(STEP_UP, {"passkey": device.get(asked)}).status_code == 422

    def test_page_for_the_answer_can_be_read(self, later: Client) -> None:
        page = later.get(STEP_UP, {"next": ADD}).text

        assert 'data-question="/bevestigen/passkey/vraag/"' in page
        assert page.count(f'name="next" value="{ADD}"') == 2

    def test_says_on_the_page_of_security_how_many_there_are(self, later: Client) -> None:
        assert "U hebt 1 passkey." in words(later.get("/beveiliging/").text)
