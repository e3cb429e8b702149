"""Another e-mail address: the new one has to answer, the old one can take it back, and nobody learns who has which."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.identity import email_of
from accounts.models import DataSubject, MailLink, User
from accounts.operations.email_change import change_email, undo_email_change
from audit.events import EventKind
from tests import factories
from tests.accounts.steps import EMAIL, Enrolled, give_password, log_in, user_of
from tests.accounts.ways import lines, link_to, subjects_to, work
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("organisation")
NEW = "anna.nieuw@voorbeeld.example"


@pytest.fixture
def browser(enrolled: Enrolled) -> Client:
    browser = Client()
    log_in(browser, enrolled)
    return browser


def ask(browser: Client, email: str = NEW) -> int:
    return browser.post("/beveiliging/e-mail/", {"email": email}).status_code


def changed(browser: Client) -> str:
    """Change the address, and return the link that undoes it."""
    ask(browser)
    assert browser.post(link_to(NEW)).status_code == 302
    return link_to(EMAIL)


class TestChange:
    def test_counts_once_the_new_address_answers(self, browser: Client, enrolled: Enrolled) -> None:
        assert EMAIL in browser.get("/beveiliging/e-mail/").text
        assert ask(browser) == 302
        link = link_to(NEW)
        assert email_of(User.objects.get()) == EMAIL
        assert Client().get(link).status_code == 200

        assert Client().post(link).status_code == 302

        assert email_of(User.objects.get()) == NEW
        assert browser.get("/mijn-gegevens/").status_code == 302  # everybody is logged out
        assert give_password(Client()).status_code == 422
        assert give_password(Client(), email=NEW).status_code == 302
        work()
        assert subjects_to(EMAIL) == ["Uw e-mailadres is veranderd"]
        for kind in (EventKind.EMAIL_CHANGE_ASKED, EventKind.EMAIL_CHANGED):
            assert len(lines(kind)) == 1

    def test_email_change_token_binding(self, browser: Client, enrolled: Enrolled) -> None:
        """The link counts for this user with this password and this old address."""
        ask(browser)
        link = link_to(NEW)
        for change in ({"password": "other"}, {"login_index": "other"}):
            before = User.objects.values("password", "login_index").get()
            User.objects.update(**change)
            assert Client().post(link).status_code == 404
            User.objects.update(**before)

        assert [Client().post(link).status_code for _ in range(2)] == [302, 404]

    def test_counts_an_hour(self, browser: Client, clock: time_machine.Traveller) -> None:
        ask(browser)
        link = link_to(NEW)
        clock.move_to(NOW + timedelta(hours=1), tick=False)

        assert Client().post(link).status_code == 404

    def test_to_an_address_in_use_tells_its_owner_only(
        self, browser: Client, bram: DataSubject
    ) -> None:
        own = email_of(user_of(bram))
        answers = [
            browser.post("/beveiliging/e-mail/", {"email": email}, follow=True)
            for email in (own, NEW)
        ]
        work()

        assert answers[0].redirect_chain == answers[1].redirect_chain
        assert subjects_to(own) == ["Iemand vulde uw e-mailadres in"]
        assert MailLink.objects.count() == 1

    def test_to_an_address_that_is_taken_meanwhile_changes_nothing(self, browser: Client) -> None:
        ask(browser)
        link = link_to(NEW)
        factories.make_user(NEW)

        assert Client().post(link).status_code == 404

    def test_to_the_same_address_or_to_none_does_nothing(self, browser: Client) -> None:
        assert ask(browser, EMAIL.upper()) == 302
        work()
        assert not lines(EventKind.EMAIL_CHANGE_ASKED)
        assert ask(browser, "geen adres") == 422
        assert [ask(browser) for _ in range(6)] == [302] * 5 + [429]
        User.objects.update(is_active=False)
        work()

        assert not MailLink.objects.exists()


class TestUndo:
    def test_puts_the_old_address_back_without_a_log_in(
        self, browser: Client, enrolled: Enrolled
    ) -> None:
        link = changed(browser)
        assert Client().get(link).status_code == 200

        assert Client().post(link).status_code == 302

        assert email_of(User.objects.get()) == EMAIL
        work()
        assert subjects_to(EMAIL)[-1] == "Uw oude e-mailadres geldt weer"
        assert len(lines(EventKind.EMAIL_RESTORED)) == 1
        Client().post("/wachtwoord-vergeten/", {"email": EMAIL})
        assert link_to(EMAIL).startswith("/wachtwoord-vergeten/")
        assert Client().post(link).status_code == 404

    def test_also_stops_what_was_asked_with_the_new_address(
        self, browser: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        undo = changed(browser)
        later = NOW + timedelta(minutes=5)
        clock.move_to(later, tick=False)
        thief = Client()
        log_in(thief, enrolled, email=NEW, at=later)
        ask(thief, "dief@voorbeeld.example")
        again = link_to("dief@voorbeeld.example")

        assert Client().post(undo).status_code == 302
        assert Client().post(again).status_code == 404
        assert thief.get("/mijn-gegevens/").status_code == 302

    def test_counts_three_days_in_which_no_password_is_reset(
        self, browser: Client, clock: time_machine.Traveller
    ) -> None:
        link = changed(browser)
        assert User.objects.get().recovery_blocked_until == NOW + timedelta(hours=72)
        Client().post("/wachtwoord-vergeten/", {"email": NEW})
        work()
        assert subjects_to(NEW) == ["Uw nieuwe e-mailadres"]

        clock.move_to(NOW + timedelta(hours=72), tick=False)
        assert Client().post(link).status_code == 404
        Client().post("/wachtwoord-vergeten/", {"email": NEW})
        work()
        assert subjects_to(NEW)[-1] == "Kies een nieuw wachtwoord"

    def test_does_nothing_when_somebody_has_the_old_address_by_now(self, browser: Client) -> None:
        link = changed(browser)
        factories.make_user(EMAIL)

        assert Client().post(link).status_code == 404


class TestUsedMeanwhile:
    def test_does_nothing(self, browser: Client) -> None:
        changed(browser)
        links = MailLink.objects.select_related("user__key", "key").order_by("created_at", "pk")
        MailLink.objects.update(used_at=NOW)

        for link in links:
            assert not change_email(link=link, at=NOW)
            assert not undo_email_change(link=link, at=NOW)
