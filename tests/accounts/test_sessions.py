"""Sessions: what the database holds of them, how long they last, and who can end them."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import connection
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import operations, sessions
from accounts.models import DataSubject, Role, TotpDevice, User, UserSession
from accounts.session_rules import Limits
from accounts.session_store import SessionStore, digest
from accounts.views import sessions as session_pages
from audit import queries as log
from audit.events import EventKind
from tests.accounts.steps import (
    EMAIL,
    OFFICER_EMAIL,
    Enrolled,
    enrol,
    give_password,
    log_in,
    user_of,
)
from tests.accounts.test_enrolment import keep
from tests.accounts.test_gates import as_user
from tests.factories import NOW
from tests.visitors import client_of, words

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

pytestmark = pytest.mark.django_db

START = {"enrolled": "/mijn-gegevens/", "enrolled_officer": "/kantoor/logboek/"}
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
OTHERS_END = "/beveiliging/sessies/andere/einde/"


def is_logged_in(client: Client) -> bool:
    return client.get("/beveiliging/").status_code == 200


def cookie(client: Client) -> str:
    return client.cookies["session"].value


def row(client: Client) -> UserSession:
    return UserSession.objects.get(key=digest(cookie(client)))


def events(kind: EventKind) -> list[log.EntryView]:
    return log.entries(filter=log.EntryFilter(kind=kind), before=None, limit=100)


def shift(clock: time_machine.Traveller, **span: float) -> None:
    clock.shift(timedelta(**span))


class TestDatabase:
    def test_db_leak_opens_no_session(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)

        for leaked in (row(client).key, str(row(client).public_id), row(client).data):
            thief = Client()
            thief.cookies["session"] = leaked
            assert not is_logged_in(thief)
        assert is_logged_in(client)

    def test_holds_no_cookie(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)

        for kept in UserSession.objects.values():
            assert cookie(client) not in str(kept)

    def test_session_key_never_rendered(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)

        for name in ("home", "my-data", "my-choices", "who-looked", "security", "step-up"):
            page = client.get(reverse(name)).content.decode()
            assert cookie(client) not in page
            assert row(client).key not in page

    def test_keeps_a_kind_of_browser_and_no_more(self, enrolled: Enrolled) -> None:
        client = Client(headers={"User-Agent": FIREFOX})
        log_in(client, enrolled)

        assert row(client).browser == "firefox/windows"
        assert "140" not in row(client).data
        assert "140" not in str(client.session.items())

    def test_forgets_what_is_over(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)

        SessionStore.clear_expired()
        assert UserSession.objects.count() == 1
        shift(clock, minutes=30)
        SessionStore.clear_expired()
        assert not UserSession.objects.exists()


class TestEndedSession:
    """What another request ended stays ended."""

    @pytest.fixture
    def stale(self, client: Client, enrolled: Enrolled) -> SessionStore:
        log_in(client, enrolled)
        stale = SessionStore(cookie(client))
        assert stale["role"] == "customer"
        UserSession.objects.all().delete()
        return stale

    def test_is_not_saved_again(self, stale: SessionStore) -> None:
        with pytest.raises(UpdateError):
            stale.save()

    def test_gets_no_other_key(self, stale: SessionStore) -> None:
        with pytest.raises(SessionInterrupted):
            stale.cycle_key()

        assert not UserSession.objects.exists()

    def test_is_another_one_when_something_is_kept(self, stale: SessionStore) -> None:
        late = SessionStore(stale.session_key)
        late["word"] = "new"
        late.save()

        assert late.session_key != stale.session_key
        assert UserSession.objects.get().user is None


class TestFixation:
    """The key differs before and after, and the one before opens nothing."""

    def check(self, before: str, client: Client) -> None:
        assert before
        assert cookie(client) != before
        fixed = Client()
        fixed.cookies["session"] = before
        assert not is_logged_in(fixed)
        assert fixed.get("/inloggen/code/").status_code == 302

    def test_at_the_password(self, client: Client, enrolled: Enrolled) -> None:
        planted = client.session
        planted["planted"] = "by somebody else"
        planted.save()
        before = cookie(client)

        give_password(client)

        self.check(before, client)
        assert "planted" not in client.session

    def test_at_the_second_factor(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)
        before = cookie(client)

        client.post("/inloggen/code/", {"code": enrolled.code(NOW)})

        self.check(before, client)

    def test_at_step_up(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        before = cookie(client)
        shift(clock, minutes=11)

        client.post("/bevestigen/", {"code": enrolled.code(NOW + timedelta(minutes=11))})

        self.check(before, client)
        assert is_logged_in(client)

    def test_at_enrolment(
        self, client: Client, organisation: object, anna: DataSubject, clock: object
    ) -> None:
        give_password(client)
        client.get("/inloggen/instellen/")
        halfway = cookie(client)
        app = TotpDevice.objects.get()
        person = Enrolled(user=user_of(anna), secret=app.secret(), codes=())

        page = client.post("/inloggen/instellen/", {"code": person.code(NOW)})
        passed = cookie(client)
        keep(client, page)

        self.check(halfway, client)
        self.check(passed, client)
        assert is_logged_in(client)


class TestAbortedLogIn:
    def test_aborted_login_leaves_nothing(
        self, client: Client, enrolled: Enrolled, bram: DataSubject
    ) -> None:
        other = enrol(user_of(bram))
        give_password(client)
        client.post("/inloggen/herstelcode/", {"code": enrolled.codes[0]})
        assert client.session["pending_log_in"]["passed"]

        client.get("/inloggen/")
        assert not client.session.items()
        log_in(client, other, email="bram@voorbeeld.example")

        assert client.session["_auth_user_id"] == str(other.user.pk)
        assert str(enrolled.user.pk) not in str(dict(client.session))
        assert [proof["method"] for proof in client.session["proofs"]] == ["app"]

    def test_another_that_begins_leaves_nothing_either(
        self, client: Client, enrolled: Enrolled, bram: DataSubject
    ) -> None:
        give_password(client)
        client.post("/inloggen/herstelcode/", {"code": enrolled.codes[0]})

        give_password(client, email="bram@voorbeeld.example")

        assert client.session["pending_log_in"]["passed"] == ""
        assert not UserSession.objects.filter(user=enrolled.user).exists()


class TestLimits:
    def test_a_customer_may_do_nothing_for_half_an_hour(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)

        shift(clock, minutes=29, seconds=59)
        assert is_logged_in(client)
        shift(clock, minutes=30)
        assert not is_logged_in(client)

    def test_an_officer_may_do_nothing_for_a_quarter(
        self, client: Client, enrolled_officer: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled_officer, email=OFFICER_EMAIL)

        shift(clock, minutes=14, seconds=59)
        assert is_logged_in(client)
        shift(clock, minutes=15)
        assert not is_logged_in(client)

    @pytest.mark.parametrize(
        ("who", "hours"), [("enrolled", 12), ("enrolled_officer", 8)], ids=["customer", "officer"]
    )
    def test_a_session_ends_however_busy_it_is(
        self,
        request: pytest.FixtureRequest,
        client: Client,
        clock: time_machine.Traveller,
        who: str,
        hours: int,
    ) -> None:
        email = EMAIL if who == "enrolled" else OFFICER_EMAIL
        log_in(client, request.getfixturevalue(who), email=email)

        for _ in range(hours * 5 - 1):
            shift(clock, minutes=12)
            assert client.post("/sessie/").headers["Location"].startswith(START[who])
        shift(clock, minutes=12)
        assert not is_logged_in(client)

    def test_confirming_makes_it_no_longer(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        for third in range(1, 36):
            shift(clock, minutes=20)
            code = enrolled.code(NOW + timedelta(minutes=20 * third))
            assert client.post("/bevestigen/", {"code": code}).status_code == 302

        shift(clock, minutes=20)
        assert not is_logged_in(client)

    def test_says_why_one_is_asked_to_log_in_again(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        shift(clock, minutes=31)

        page = client.get("/mijn-gegevens/", follow=True)

        assert "U bent uitgelogd: u deed een tijdje niets" in words(page.content.decode())
        assert b'name="next" value="/mijn-gegevens/"' in page.content

    def test_says_nothing_to_who_was_never_logged_in(
        self, client: Client, organisation: object
    ) -> None:
        page = client.get("/mijn-gegevens/", follow=True)

        assert "U bent uitgelogd" not in words(page.content.decode())

    def test_the_earlier_of_both_counts(self) -> None:
        limits = Limits(
            idle=timedelta(minutes=30), absolute=timedelta(hours=12), fresh=timedelta(minutes=10)
        )
        late = NOW + timedelta(hours=11, minutes=50)

        assert limits.end(created_at=NOW, last_seen_at=NOW) == NOW + timedelta(minutes=30)
        assert limits.end(created_at=NOW, last_seen_at=late) == NOW + timedelta(hours=12)


class TestGoingOn:
    def state(self, client: Client, method: str = "get") -> dict[str, object]:
        answer = getattr(client, method)("/sessie/", headers={"Accept": "application/json"})
        assert answer.status_code == 200
        return dict(answer.json())

    def test_is_told_and_not_changed_by_asking(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)

        shift(clock, minutes=28)
        assert self.state(client) == {"seconds": 120, "until": "04.00 uur", "canGoOn": True}
        shift(clock, minutes=1)
        assert self.state(client)["seconds"] == 60
        shift(clock, minutes=1)
        assert client.get("/sessie/").headers["Location"].startswith("/inloggen/")

    def test_is_what_sending_does(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        shift(clock, minutes=29)

        assert self.state(client, "post")["seconds"] == 1800
        shift(clock, minutes=29)
        assert is_logged_in(client)

    def test_works_without_a_script(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        shift(clock, minutes=29)

        answer = client.post("/sessie/", {"next": "/wie-keek/"}, follow=True)

        assert answer.redirect_chain == [("/wie-keek/", 302)]
        text = words(answer.content.decode())
        assert "U blijft ingelogd tot 04.29 uur." in text
        assert "U blijft ingelogd tot 04.29 uur , en langer als u verdergaat." in text

    def test_is_not_offered_when_it_cannot_be(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        for _ in range(35):
            shift(clock, minutes=20)
            client.post("/sessie/")

        page = client.get("/beveiliging/").content.decode()

        assert self.state(client)["canGoOn"] is False
        assert "Langer ingelogd blijven" not in page
        assert "Daarna logt u opnieuw in" in page

    def test_is_no_matter_of_a_page_that_looks_by_itself(
        self,
        client: Client,
        leak_warning: object,
        enrolled_officer: Enrolled,
        clock: time_machine.Traveller,
    ) -> None:
        log_in(client, enrolled_officer, email=OFFICER_EMAIL)
        job = client.post("/kantoor/logboek/controle/").headers["Location"]

        for _ in range(14):
            shift(clock, minutes=1)
            client.get(job, headers={"HX-Request": "true"})
        shift(clock, minutes=1)
        answer = client.get(job, headers={"HX-Request": "true"})
        assert answer.headers["HX-Refresh"] == "true"
        assert not is_logged_in(client)

    def test_is_no_matter_of_a_page_for_everyone(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        shift(clock, minutes=29)

        assert "Mevrouw A. Jansen" in client.get("/privacy/").content.decode()
        assert self.state(client)["seconds"] == 60

    def test_costs_no_write_for_each_of_a_few_pages_at_once(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        shift(clock, seconds=4)
        with CaptureQueriesContext(connection) as queries:
            client.get("/wie-keek/")

        assert [one["sql"] for one in queries if "UPDATE" in one["sql"]] == []

    def test_is_not_told_of_a_session_without_a_row(self, carla: User) -> None:
        request = as_user(carla, verified=True)

        with pytest.raises(Http404):
            session_pages.session(request)


class TestMySessions:
    @pytest.fixture
    def elsewhere(self, enrolled: Enrolled, clock: time_machine.Traveller) -> Client:
        """Logged in five minutes before the client of the test."""
        client = Client(headers={"User-Agent": FIREFOX})
        log_in(client, enrolled)
        shift(clock, minutes=5)
        return client

    @pytest.fixture
    def here(self, client: Client, elsewhere: Client, enrolled: Enrolled) -> Client:
        log_in(client, enrolled, at=NOW + timedelta(minutes=5))
        return client

    def test_are_shown_with_this_one_marked(self, here: Client, elsewhere: Client) -> None:
        text = words(here.get("/beveiliging/").content.decode())

        assert "Een onbekende browser Dit gebruikt u nu" in text
        assert "Firefox op Windows Ingelogd op 29 maart 2026 om 03.30 uur" in text
        assert text.count("Daar uitloggen") == 1

    def test_one_other_is_ended(self, here: Client, elsewhere: Client) -> None:
        answer = here.post(f"/beveiliging/sessies/{row(elsewhere).public_id}/einde/")

        assert answer.headers["Location"] == "/beveiliging/"
        assert not is_logged_in(elsewhere)
        text = words(here.get("/beveiliging/").content.decode())
        assert "U bent uitgelogd in 1 andere browser." in text
        assert "U bent nergens anders ingelogd." in text
        (line,) = events(EventKind.SESSION_ENDED)
        assert line.shown == {"why": "asked", "count": 1}
        assert "werd uitgelogd in een andere browser" in here.get("/wie-keek/").content.decode()

    def test_all_others_are_ended(self, here: Client, elsewhere: Client) -> None:
        assert here.post(OTHERS_END).headers["Location"] == "/beveiliging/"

        assert is_logged_in(here)
        assert not is_logged_in(elsewhere)

    def test_ending_nothing_is_no_event(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)

        client.post(OTHERS_END)

        assert is_logged_in(client)
        assert events(EventKind.SESSION_ENDED) == []

    def test_of_somebody_else_cannot_be_ended(self, here: Client, bram: DataSubject) -> None:
        other = client_of(user_of(bram))

        answer = here.post(f"/beveiliging/sessies/{row(other).public_id}/einde/")
        here.post(OTHERS_END)

        assert answer.status_code == 404
        assert is_logged_in(other)

    def test_this_one_is_ended_by_logging_out_only(self, here: Client) -> None:
        answer = here.post(f"/beveiliging/sessies/{row(here).public_id}/einde/")

        assert answer.status_code == 404
        assert is_logged_in(here)

    def test_are_ended_after_a_fresh_second_factor_only(
        self, here: Client, elsewhere: Client, clock: time_machine.Traveller
    ) -> None:
        shift(clock, minutes=10)

        for address in (OTHERS_END, f"/beveiliging/sessies/{row(elsewhere).public_id}/einde/"):
            answer = here.post(address)
            assert answer.headers["Location"] == "/bevestigen/?next=%2Fbeveiliging%2F#inhoud"
        assert is_logged_in(elsewhere)

    def test_are_five_at_most(self, enrolled: Enrolled, clock: time_machine.Traveller) -> None:
        clients = [Client() for _ in range(6)]
        for number, client in enumerate(clients):
            log_in(client, enrolled, at=NOW + timedelta(minutes=number))
            shift(clock, minutes=1)

        oldest, *others = clients
        assert not is_logged_in(oldest)
        assert all(is_logged_in(client) for client in others)
        (line,) = events(EventKind.SESSION_ENDED)
        assert line.shown == {"why": "too-many", "count": 1}

    def test_says_so_when_the_oldest_ends(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        for minute in range(5):
            log_in(Client(), enrolled, at=NOW + timedelta(minutes=minute))
            shift(clock, minutes=1)

        log_in(client, enrolled, at=NOW + timedelta(minutes=5))

        page = words(client.get("/mijn-gegevens/").content.decode())
        assert "U was op te veel plekken ingelogd." in page

    def test_end_all_when_the_account_does(self, here: Client, elsewhere: Client) -> None:
        user = User.objects.get()
        give_password(Client())

        assert operations.end_sessions(user) == 3
        assert not is_logged_in(here)


class TestChangedFactor:
    def test_removing_device_ends_sessions(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        TotpDevice.objects.all().delete()

        assert not is_logged_in(client)
        assert not UserSession.objects.filter(user=enrolled.user).exists()

    def test_unconfirming_a_device_does_too(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        TotpDevice.objects.update(confirmed=False)

        assert not is_logged_in(client)
        TotpDevice.objects.update(confirmed=True)
        assert not is_logged_in(client)

    def test_a_new_password_does_too(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        enrolled.user.set_password("een heel ander wachtwoord")
        enrolled.user.save()

        assert not is_logged_in(client)

    def test_another_role_does_too(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        User.objects.update(role=Role.ADMIN)

        assert not is_logged_in(client)
        assert not UserSession.objects.filter(user=enrolled.user).exists()

    def test_a_new_app_ends_what_was_open_elsewhere(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        elsewhere = Client()
        log_in(elsewhere, enrolled)
        give_password(client)
        client.post("/inloggen/herstelcode/", {"code": enrolled.codes[0]})
        client.get("/inloggen/instellen/")
        app = TotpDevice.objects.get(confirmed=False)
        new = Enrolled(user=enrolled.user, secret=app.secret(), codes=())

        keep(client, client.post("/inloggen/instellen/", {"code": new.code(NOW)}))

        assert [one.key for one in UserSession.objects.all()] == [digest(cookie(client))]

    def test_the_session_that_changes_it_stays(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        elsewhere = Client()
        elsewhere.force_login(enrolled.user)
        session = elsewhere.session
        session["role"] = "customer"
        session.save()

        ended = operations.end_other_sessions(enrolled.user, keep=row(client).public_id)

        assert ended == 1
        assert is_logged_in(client)


class TestSignInHistory:
    def test_is_told_in_plain_words(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        give_password(Client(), password="verkeerd wachtwoord")
        log_in(Client(headers={"User-Agent": FIREFOX}), enrolled)
        give_password(client)
        client.post("/inloggen/herstelcode/", {"code": enrolled.codes[0]})
        client.post("/inloggen/instellen/", {"later": "1"})

        text = words(client.get("/beveiliging/").content.decode())

        said = [
            "U logde in met een onbekende browser, met uw wachtwoord en een herstelcode.",
            "U logde in met Firefox op Windows, met uw wachtwoord en een code.",
            "Iemand probeerde in te loggen. Dat lukte niet.",
        ]
        places = [text.index(one) for one in said]
        assert places == sorted(places)

    def test_is_of_a_customer_only(self, client: Client, enrolled_officer: Enrolled) -> None:
        log_in(client, enrolled_officer, email=OFFICER_EMAIL)

        text = words(client.get("/beveiliging/").content.decode())

        assert "De laatste keren" not in text
        assert "Apparaten waarop u bent ingelogd" in text

    def test_tells_what_an_unknown_factor_did(self, enrolled: Enrolled, client: Client) -> None:
        from accounts.operations.events import log_of_user

        log_of_user(EventKind.SIGNED_IN, user=enrolled.user, at=NOW, shown={"factor": "other"})
        log_in(client, enrolled)

        text = words(client.get("/beveiliging/").content.decode())
        assert "U logde in met een onbekende browser." in text


class TestPreviousLogIn:
    def test_stands_on_the_first_page(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(Client(), enrolled)
        shift(clock, days=1)
        log_in(client, enrolled, at=NOW + timedelta(days=1))

        text = words(client.get("/mijn-gegevens/").content.decode())

        assert "Vorige keer ingelogd: 29 maart 2026 om 03.30 uur." in text

    def test_is_not_there_the_first_time(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)

        assert "Vorige keer" not in client.get("/mijn-gegevens/").content.decode()

    def test_is_seen_by_staff_too(
        self,
        client: Client,
        leak_warning: object,
        enrolled_officer: Enrolled,
        clock: time_machine.Traveller,
    ) -> None:
        log_in(Client(), enrolled_officer, email=OFFICER_EMAIL)
        shift(clock, days=1)
        log_in(client, enrolled_officer, email=OFFICER_EMAIL, at=NOW + timedelta(days=1))

        assert "Vorige keer ingelogd" in client.get("/kantoor/logboek/").content.decode()


class TestEveryAnswer:
    def test_is_kept_by_no_cache(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)

        for name in (
            "home",
            "my-data",
            "my-choices",
            "who-looked",
            "tag-key",
            "security",
            "session",
        ):
            answer: Answer = client.get(reverse(name))
            assert answer.headers["Cache-Control"] == "no-store", name


class TestCost:
    def test_a_page_asks_three_queries_for_who_it_is(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        log_in(client, enrolled)
        with CaptureQueriesContext(connection) as queries:
            client.get("/sessie/")

        assert len(queries) == 3  # the session, the user, the device

    def test_logging_in_asks_six_queries_for_its_sessions(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        with CaptureQueriesContext(connection) as queries:
            give_password(client)
            client.post("/inloggen/code/", {"code": enrolled.code(NOW)})

        of_sessions = [one["sql"] for one in queries if "accounts_usersession" in one["sql"]]
        # Begin; read, another key; end it, are there too many, begin the real one.
        assert len(of_sessions) == 6

    def test_a_page_that_is_read_writes_once(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        shift(clock, minutes=1)
        with CaptureQueriesContext(connection) as queries:
            client.get("/wie-keek/")

        changes = [one["sql"] for one in queries if not one["sql"].startswith("SELECT")]
        assert len(changes) == 1
        assert "accounts_usersession" in changes[0]


def test_another_kind_of_session_has_no_row(carla: User) -> None:
    request = as_user(carla, verified=True)

    assert sessions.public_id(request) is None
