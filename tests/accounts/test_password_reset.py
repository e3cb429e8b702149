"""A lost password: a mail alone changes nothing, and nothing here logs anybody in."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts.errors import WrongCodeError
from accounts.models import LinkPurpose, MailLink, TotpDevice, User
from accounts.operations.links import use_link
from accounts.operations.password_reset import reset_password
from audit.events import EventKind
from tests.accounts.steps import EMAIL, OFFICER_EMAIL, Enrolled, give_password, log_in
from tests.accounts.ways import NEW_PASSWORD, internal, lines, link_to, subjects_to, work
from tests.factories import NOW, PASSWORD

pytestmark = pytest.mark.usefixtures("organisation")
LATER = NOW + timedelta(seconds=30)


def ask(client: Client, email: str = EMAIL) -> int:
    return client.post("/wachtwoord-vergeten/", {"email": email}).status_code


def asked_link(client: Client) -> str:
    ask(client)
    return link_to(EMAIL)


def is_logged_in(client: Client) -> bool:
    return client.get("/mijn-gegevens/").status_code == 200


class TestReset:
    def test_takes_a_new_password_with_the_second_factor(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        old = Client()
        log_in(old, enrolled)
        clock.move_to(LATER, tick=False)
        link = asked_link(client)
        assert client.get(link).status_code == 200

        form = {"code": enrolled.code(LATER), "password": NEW_PASSWORD}
        answer = client.post(link, form, follow=True)

        assert answer.redirect_chain == [("/inloggen/", 302)]
        assert not is_logged_in(client)  # nobody is logged in by it
        assert not is_logged_in(old)  # and everybody who was is out
        assert give_password(client).status_code == 422
        assert give_password(client, password=NEW_PASSWORD).status_code == 302
        work()
        assert subjects_to(EMAIL)[-1] == "Uw wachtwoord is veranderd"
        for kind in (EventKind.PASSWORD_RESET_ASKED, EventKind.PASSWORD_RESET):
            assert [line.subject_id for line in lines(kind)] == [enrolled.user.data_subject.pk]

    def test_reset_requires_existing_second_factor(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        link = asked_link(client)

        for code in ("", enrolled.wrong_code(NOW), enrolled.codes[0]):
            answer = client.post(link, {"code": code, "password": NEW_PASSWORD})
            assert answer.status_code == 422
        assert give_password(client).status_code == 302
        assert TotpDevice.objects.count() == 1

    def test_waits_after_three_wrong_codes(self, client: Client, enrolled: Enrolled) -> None:
        link = asked_link(client)
        for _ in range(3):
            client.post(link, {"code": enrolled.wrong_code(NOW), "password": NEW_PASSWORD})

        answer = client.post(link, {"code": enrolled.code(NOW), "password": NEW_PASSWORD})
        assert answer.status_code == 429

    def test_refuses_a_weak_password_before_the_code_is_used_up(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        link = asked_link(client)

        answer = client.post(link, {"code": enrolled.code(NOW), "password": "kort"})
        assert answer.status_code == 422
        form = {"code": enrolled.code(NOW), "password": NEW_PASSWORD}
        assert client.post(link, form).status_code == 302

    def test_is_not_possible_without_the_app(self, client: Client, enrolled: Enrolled) -> None:
        link = asked_link(client)
        TotpDevice.objects.all().delete()

        form = {"code": "123456", "password": NEW_PASSWORD}
        assert client.post(link, form).status_code == 422


class TestLink:
    def test_counts_half_an_hour(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        link = asked_link(client)
        clock.move_to(NOW + timedelta(minutes=30), tick=False)

        assert client.get(link).status_code == 404

    def test_is_single_use(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        link = asked_link(client)
        client.post(link, {"code": enrolled.code(NOW), "password": NEW_PASSWORD})
        clock.move_to(LATER, tick=False)

        form = {"code": enrolled.code(LATER), "password": PASSWORD}
        assert client.post(link, form).status_code == 404

    def test_that_was_used_meanwhile_does_nothing(self, client: Client, enrolled: Enrolled) -> None:
        asked_link(client)
        link = MailLink.objects.select_related("user__key", "key").get()
        assert use_link(link, at=NOW)

        with pytest.raises(WrongCodeError):
            reset_password(
                link=link, code=enrolled.code(NOW), password=NEW_PASSWORD, address="::1", at=NOW
            )
        assert give_password(client).status_code == 302

    @pytest.mark.parametrize(
        "change", [{"password": "other"}, {"login_index": "other"}], ids=["password", "address"]
    )
    def test_is_bound_to_password_and_address(
        self, client: Client, enrolled: Enrolled, change: dict[str, str]
    ) -> None:
        link = asked_link(client)
        User.objects.update(**change)

        assert client.get(link).status_code == 404

    @pytest.mark.parametrize(
        "purpose", [it for it in LinkPurpose if it != LinkPurpose.PASSWORD_RESET]
    )
    def test_flow_steps_cannot_be_swapped(
        self, client: Client, enrolled: Enrolled, purpose: LinkPurpose
    ) -> None:
        """A link for one thing does nothing else, whatever its row says."""
        link = asked_link(client)
        token = link.split("/")[-2]
        addresses = {
            LinkPurpose.ACTIVATION: f"/activeren/{token}/",
            LinkPurpose.INVITATION: f"/uitnodiging/{token}/",
            LinkPurpose.EMAIL_CHANGE: f"/e-mail/bevestigen/{token}/",
            LinkPurpose.EMAIL_UNDO: f"/e-mail/terugzetten/{token}/",
            LinkPurpose.RECOVERY_CANCEL: f"/herstel/stoppen/{token}/",
        }

        assert client.post(addresses[purpose]).status_code == 404
        MailLink.objects.update(purpose=purpose)
        assert client.post(addresses[purpose]).status_code == 404

    def test_leads_to_us_whatever_host_was_asked(
        self, client: Client, enrolled: Enrolled, settings: Settings
    ) -> None:
        settings.ALLOWED_HOSTS = ["*"]
        settings.PUBLIC_BASE_URL = "https://regie.example"
        for headers in ({"Host": "kwaad.example"}, {"X-Forwarded-Host": "kwaad.example"}):
            client.post("/wachtwoord-vergeten/", {"email": EMAIL}, headers=headers)
        work()

        assert len(mail.outbox) == 2
        for sent in mail.outbox:
            assert "https://regie.example/wachtwoord-vergeten/" in sent.body
            assert "kwaad" not in sent.body


class TestWhoGetsNone:
    def test_is_told_by_mail_and_by_nothing_else(
        self, client: Client, enrolled: Enrolled, enrolled_officer: Enrolled
    ) -> None:
        TotpDevice.objects.filter(user=enrolled.user).delete()
        for email in (EMAIL, OFFICER_EMAIL):
            assert ask(client, email) == 302
        work()

        assert not MailLink.objects.exists()
        for email in (EMAIL, OFFICER_EMAIL):
            assert subjects_to(email) == ["Een nieuw wachtwoord kan niet per e-mail"]

    def test_hears_nothing_when_not_known_or_not_in_use(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        User.objects.update(is_active=False)
        for email in (EMAIL, "anne@voorbeeld.example"):
            assert ask(client, email) == 302
        work()

        assert mail.outbox == []

    def test_waits_three_days_after_a_change_of_address(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        User.objects.update(recovery_blocked_until=NOW + timedelta(hours=72))
        ask(client)
        work()

        assert mail.outbox == []
        assert [internal(line)["reason"] for line in lines(EventKind.SIGN_IN_FAILED)] == [
            "address-changed"
        ]

    def test_is_held_up_after_five_times(self, client: Client, enrolled: Enrolled) -> None:
        assert [ask(client) for _ in range(6)] == [302] * 5 + [429]
        assert ask(client, "ANNA@voorbeeld.example ") == 429
        assert ask(client, "") == 422
        assert client.get("/wachtwoord-vergeten/").status_code == 200
        assert client.get("/wachtwoord-vergeten/gevraagd/").status_code == 200


class TestAnotherPassword:
    def change(self, client: Client, current: str = PASSWORD, new: str = NEW_PASSWORD) -> int:
        form = {"current": current, "password": new}
        return client.post("/beveiliging/wachtwoord/", form).status_code

    @pytest.fixture
    def browser(self, enrolled: Enrolled) -> Client:
        browser = Client()
        log_in(browser, enrolled)
        return browser

    def test_keeps_this_session_and_ends_all_others(
        self, browser: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        clock.move_to(LATER, tick=False)
        other = Client()
        log_in(other, enrolled, at=LATER)

        assert self.change(browser) == 302

        assert is_logged_in(browser)
        assert not is_logged_in(other)
        assert give_password(Client(), password=NEW_PASSWORD).status_code == 302
        work()
        assert subjects_to(EMAIL)[-1] == "Uw wachtwoord is veranderd"
        assert len(lines(EventKind.PASSWORD_CHANGED)) == 1

    def test_also_ends_a_log_in_that_is_halfway(self, browser: Client) -> None:
        thief = Client()
        give_password(thief)
        assert thief.get("/inloggen/code/").status_code == 200

        self.change(browser)

        assert thief.get("/inloggen/code/").status_code == 302

    def test_needs_the_current_one(self, browser: Client) -> None:
        assert self.change(browser, current="iets anders") == 422
        assert self.change(browser, current="") == 422
        assert self.change(browser, new="kort") == 422
        assert browser.get("/beveiliging/wachtwoord/").status_code == 200
        assert give_password(Client()).status_code == 302
        assert lines(EventKind.SIGN_IN_FAILED)[0].shown == {"step": "password-change"}

    def test_is_held_up_when_the_current_one_is_guessed(self, browser: Client) -> None:
        tried = [self.change(browser, current="iets anders") for _ in range(11)]

        assert tried == [422] * 10 + [429]

    def test_is_never_asked_for_because_time_passed(
        self, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        clock.move_to(NOW + timedelta(days=5 * 365), tick=False)

        answer = give_password(Client())
        assert answer.headers["Location"] == "/inloggen/code/#inhoud"

    def test_is_longer_for_staff(self, enrolled_officer: Enrolled) -> None:
        browser = Client()
        log_in(browser, enrolled_officer, email=OFFICER_EMAIL)

        assert self.change(browser, new="Kx7#vRq29bLmTz") == 422
        assert "Minstens 15 tekens" in browser.get("/beveiliging/wachtwoord/").text
        assert self.change(browser) == 302
