"""Employees: invited with a link that counts a day, by two administrators where it matters, and never by themselves."""

from datetime import timedelta
from io import StringIO
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import DataSubject, Invitation, MailLink, Role, User
from accounts.operations.links import use_link
from accounts.operations.staff import accept_invitation, deactivate
from audit.events import EventKind
from tests import factories
from tests.accounts.steps import EMAIL, give_password
from tests.accounts.ways import NEW_PASSWORD, internal, lines, link_to, subjects_to, work
from tests.factories import NOW
from tests.visitors import client_of

pytestmark = pytest.mark.usefixtures("clock", "organisation")
PAGE, NEW = "/kantoor/medewerkers/", "nieuw@vechtwater.example"


def make_admin(name: str = "ada") -> User:
    return factories.make_user(f"{name}@vechtwater.example", role=Role.ADMIN)


@pytest.fixture
def ada(db: None) -> User:
    return make_admin()


@pytest.fixture
def browser(ada: User) -> Client:
    return client_of(ada)


def invite(browser: Client, role: str = "desk", email: str = NEW) -> int:
    return browser.post(PAGE, {"email": email, "role": role}).status_code


def act(browser: Client, what: str) -> str:
    invitation = Invitation.objects.get()
    return browser.post(f"/kantoor/uitnodigingen/{invitation.pk}/{what}/", follow=True).text


class TestInvitation:
    @pytest.mark.parametrize("role", ["desk", "officer", "admin"])
    def test_of_the_only_administrator_goes_at_once(self, browser: Client, role: str) -> None:
        assert invite(browser, role) == 302
        link = link_to(NEW)
        newcomer = Client()
        assert newcomer.get(link).status_code == 200
        assert newcomer.post(link, {"password": NEW_PASSWORD}).status_code == 302

        answer = give_password(newcomer, email=NEW, password=NEW_PASSWORD)
        assert answer.headers["Location"] == "/inloggen/instellen/#inhoud"
        assert User.objects.order_by("-created_at", "-pk").filter(role=role).exists()
        (joined,) = lines(EventKind.STAFF_JOINED)
        assert internal(joined)["role"] == role

    def test_is_single_use_and_counts_a_day(
        self, browser: Client, clock: time_machine.Traveller
    ) -> None:
        invite(browser)
        link = link_to(NEW)
        clock.move_to(NOW + timedelta(days=1), tick=False)
        assert Client().post(link, {"password": NEW_PASSWORD}).status_code == 404
        clock.move_to(NOW, tick=False)

        answers = [Client().post(link, {"password": NEW_PASSWORD}).status_code for _ in range(2)]
        assert answers == [302, 404]

    def test_asks_for_a_long_password(self, browser: Client) -> None:
        invite(browser)
        link = link_to(NEW)

        for password in ("", "Kx7#vRq29bLmTz", "nieuw-vechtwater"):
            assert Client().post(link, {"password": password}).status_code == 422

    @pytest.mark.parametrize("role", ["officer", "admin"])
    def test_to_who_may_do_most_takes_two_administrators(self, browser: Client, role: str) -> None:
        other = client_of(make_admin("bob"))
        invite(browser, role)
        work()
        assert not MailLink.objects.exists()
        assert "Wacht op een andere beheerder" in browser.get(PAGE).text
        assert "niet wie uitnodigde" in act(browser, "goedkeuren")

        assert "De uitnodiging is verstuurd" in act(other, "goedkeuren")
        assert "Er was niets meer" in act(other, "goedkeuren")
        assert Client().post(link_to(NEW), {"password": NEW_PASSWORD}).status_code == 302
        assert len(lines(EventKind.INVITATION_APPROVED)) == 1

    def test_to_the_desk_takes_one(self, browser: Client) -> None:
        make_admin("bob")
        invite(browser, "desk")

        assert link_to(NEW)

    def test_cannot_be_to_oneself(self, browser: Client) -> None:
        assert invite(browser, "officer", "ADA@vechtwater.example") == 422
        assert not Invitation.objects.exists()

    def test_cannot_be_approved_by_who_is_invited(self, browser: Client) -> None:
        bob = make_admin("bob")
        invite(browser, "officer", "bob@vechtwater.example")

        assert "niet wie uitnodigde" in act(client_of(bob), "goedkeuren")

    def test_is_taken_back(self, browser: Client) -> None:
        invite(browser)
        link = link_to(NEW)
        assert "geldt niet meer" in act(browser, "intrekken")
        assert "gold al niet meer" in act(browser, "intrekken")

        assert Client().get(link).status_code == 404
        assert Client().post(link, {"password": NEW_PASSWORD}).status_code == 404

    def test_to_an_address_in_use_shows_nothing_to_the_administrator(
        self, browser: Client, anna: DataSubject
    ) -> None:
        texts = []
        for email in (EMAIL, NEW):
            answer = browser.post(PAGE, {"email": email, "role": "desk"}, follow=True)
            texts.append(answer.text.replace(email, "-"))
            Invitation.objects.all().delete()
        work()

        assert "De uitnodiging is verstuurd" in texts[0]
        assert subjects_to(EMAIL) == ["Iemand vulde uw e-mailadres in"]
        assert len(subjects_to(NEW)) == 1

    def test_to_an_address_that_is_taken_meanwhile_makes_nothing(self, browser: Client) -> None:
        invite(browser)
        link = link_to(NEW)
        factories.make_user(NEW)

        assert Client().post(link, {"password": NEW_PASSWORD}).status_code == 404

    def test_that_was_accepted_meanwhile_makes_nothing(self, browser: Client) -> None:
        invite(browser)
        link_to(NEW)
        link = MailLink.objects.select_related("key").get()
        Invitation.objects.update(ended_at=NOW)
        assert not accept_invitation(link=link, password=NEW_PASSWORD, at=NOW)
        Invitation.objects.update(ended_at=None)
        assert use_link(link, at=NOW)
        assert not accept_invitation(link=link, password=NEW_PASSWORD, at=NOW)
        assert User.objects.count() == 1

    def test_needs_an_address_and_a_role(self, browser: Client) -> None:
        assert invite(browser, "customer") == 422
        assert invite(browser, "") == 422
        assert invite(browser, email="geen adres") == 422


class TestCommand:
    def test_invites_the_first_administrator(self, db: None) -> None:
        out = StringIO()
        call_command("invite", NEW, "--role", "admin", stdout=out)

        assert out.getvalue().startswith(f"An invitation to {NEW} is on its way")
        assert Client().post(link_to(NEW), {"password": NEW_PASSWORD}).status_code == 302
        assert User.objects.get().role == Role.ADMIN

    @pytest.mark.parametrize("role", ["customer", "boss"])
    def test_invites_employees_only(self, db: None, role: str) -> None:
        with pytest.raises(CommandError):
            call_command("invite", NEW, "--role", role)


class TestLeaving:
    def stop(self, browser: Client, user: User) -> str:
        return browser.post(f"{PAGE}{user.pk}/stoppen/", follow=True).text

    def test_ends_at_once_what_somebody_can_do(self, browser: Client, carla: User) -> None:
        officer = client_of(carla)
        assert officer.get("/kantoor/logboek/").status_code == 200

        assert "kan niet meer inloggen" in self.stop(browser, carla)

        assert officer.get("/kantoor/logboek/").status_code == 302
        assert give_password(Client(), email="carla@vechtwater.example").status_code == 422
        assert "kon al niet meer inloggen" in self.stop(browser, carla)
        (line,) = lines(EventKind.STAFF_DEACTIVATED)
        assert internal(line)["account"] == str(carla.pk)
        assert "Kan niet inloggen" in browser.get(PAGE).text

    def test_is_not_for_customers(self, browser: Client, anna: DataSubject) -> None:
        assert anna.user
        self.stop(browser, anna.user)

        assert User.objects.get(pk=anna.user.pk).is_active

    def test_is_not_done_to_oneself(self, browser: Client, ada: User) -> None:
        assert "Voor uw eigen account" in self.stop(browser, ada)

    def test_leaves_one_of_two_who_let_each_other_go(self, ada: User) -> None:
        bob = make_admin("bob")

        assert deactivate(user_id=bob.pk, by=ada, at=NOW)
        assert not deactivate(user_id=ada.pk, by=bob, at=NOW)
        assert User.objects.get(pk=ada.pk).is_active


class TestStepUp:
    def test_is_asked_before_anything_is_changed_and_leads_back_to_the_list(
        self, browser: Client, carla: User, clock: time_machine.Traveller
    ) -> None:
        clock.move_to(NOW + timedelta(minutes=5), tick=False)
        assert browser.get(PAGE).status_code == 200

        for page in (PAGE, f"{PAGE}{carla.pk}/stoppen/", f"{PAGE}{carla.pk}/herstel/"):
            answer = browser.post(page, {"email": NEW, "role": "desk"})
            asked = urlsplit(answer.headers["Location"])
            assert (asked.path, asked.query) == ("/bevestigen/", "next=%2Fkantoor%2Fmedewerkers%2F")
        assert User.objects.get(pk=carla.pk).is_active
        assert not Invitation.objects.exists()
