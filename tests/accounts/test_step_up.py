"""A fresh second factor is asked for where it must be, and nowhere else."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client

from accounts.models import DataSubject, RecoveryDevice, TotpDevice, User
from accounts.step_up import asks_again
from audit import queries as log
from audit.events import Actor, EventKind
from consent.models import ConsentRecord, Purpose
from tests.accounts.steps import OFFICER_EMAIL, Enrolled, enrol, give_password, log_in, user_of
from tests.factories import NOW
from tests.test_role_matrix import every_pattern
from tests.visitors import words

pytestmark = pytest.mark.django_db

KEY = "/wie-keek/sleutel/"


def came_for(answer: object) -> str:
    address = urlsplit(answer.headers["Location"])  # type: ignore[attr-defined]
    assert address.path == "/bevestigen/"
    return parse_qs(address.query)["next"][0]


def confirm(client: Client, person: Enrolled, *, at: object, next_page: str = KEY) -> object:
    form = {"code": person.code(at), "next": next_page}  # type: ignore[arg-type]
    return client.post("/bevestigen/", form)


class TestStepUp:
    def test_is_not_asked_just_after_logging_in(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)

        assert client.post(KEY).headers["Content-Type"] == "application/json"

    def test_is_asked_of_a_customer_after_ten_minutes(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)

        clock.shift(timedelta(minutes=10) - timedelta(seconds=1))
        assert client.post(KEY).status_code == 200
        clock.shift(timedelta(seconds=1))
        assert came_for(client.post(KEY)) == KEY

    def test_is_asked_of_an_officer_after_five_minutes(
        self,
        client: Client,
        leak_warning: Purpose,
        carla: User,
        clock: time_machine.Traveller,
    ) -> None:
        log_in(client, enrol(carla), email=OFFICER_EMAIL)

        clock.shift(timedelta(minutes=5) - timedelta(seconds=1))
        asked = client.post("/kantoor/logboek/export/", {"inhoud": "table"})
        assert asked.headers["Location"].startswith("/kantoor/opdrachten/")
        clock.shift(timedelta(seconds=1))
        answer = client.post("/kantoor/logboek/export/", {"inhoud": "table"})
        assert came_for(answer) == "/kantoor/logboek/"
        answer = client.post(f"{asked.headers['Location']}bestand/")
        assert came_for(answer) == asked.headers["Location"]

    def test_leads_back_and_opens_what_was_closed(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        clock.shift(timedelta(minutes=20))
        at = NOW + timedelta(minutes=20)
        page = client.get(client.post(KEY).headers["Location"])

        answer = confirm(client, enrolled, at=at)

        assert "Druk daarna nog een keer op de knop" in words(page.content.decode())
        assert answer.headers["Location"] == f"{KEY}#inhoud"  # type: ignore[attr-defined]
        assert client.post(KEY).headers["Content-Type"] == "application/json"

    def test_gives_the_session_another_key_and_keeps_the_rest(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        before, row = client.session.session_key, enrolled.user.sessions.get()
        clock.shift(timedelta(minutes=20))

        confirm(client, enrolled, at=NOW + timedelta(minutes=20))

        after = enrolled.user.sessions.get()
        assert client.session.session_key != before
        assert (after.public_id, after.created_at) == (row.public_id, row.created_at)
        assert after.key != row.key
        thief = Client()
        thief.cookies["session"] = str(before)
        assert thief.get("/mijn-gegevens/").status_code == 302

    def test_is_logged_for_the_customer(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        clock.shift(timedelta(minutes=20))

        confirm(client, enrolled, at=NOW + timedelta(minutes=20))

        kept = log.EntryFilter(kind=EventKind.IDENTITY_CONFIRMED)
        (line,) = log.entries(filter=kept, before=None, limit=9)
        assert (line.actor, line.shown) == (Actor.DATA_SUBJECT, {"factor": "app"})
        assert "liet nog een keer zien dat u het was" in words(
            client.get("/wie-keek/").content.decode()
        )

    @pytest.mark.parametrize("code", ["", "wrong"])
    def test_is_no_use_with_a_wrong_code(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller, code: str
    ) -> None:
        log_in(client, enrolled)
        clock.shift(timedelta(minutes=20))
        wrong = code and enrolled.wrong_code(NOW + timedelta(minutes=20))

        answer = client.post("/bevestigen/", {"code": wrong, "next": KEY})

        assert answer.status_code == 422
        assert came_for(client.post(KEY)) == KEY

    def test_takes_no_recovery_code(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        clock.shift(timedelta(minutes=20))

        answer = client.post("/bevestigen/", {"code": enrolled.codes[0], "next": KEY})

        assert answer.status_code == 422
        assert RecoveryDevice.objects.get().codes_left() == 10

    def test_is_asked_of_who_logged_in_with_a_recovery_code(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        give_password(client)
        client.post("/inloggen/herstelcode/", {"code": enrolled.codes[0]})
        client.post("/inloggen/instellen/", {"later": "1"})

        assert client.get("/mijn-gegevens/").status_code == 200
        assert came_for(client.post(KEY)) == KEY

    def test_does_not_count_with_a_device_that_is_gone(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        log_in(client, enrolled)
        spare = TotpDevice.objects.create(
            user=enrolled.user, name="spare", confirmed=True, secret_sealed=b"-"
        )
        session = client.session
        session["otp_device_id"] = spare.persistent_id
        session.save()
        TotpDevice.objects.exclude(pk=spare.pk).update(confirmed=False)

        assert came_for(client.post(KEY)) == KEY

    def test_says_so_when_there_is_no_app(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        TotpDevice.objects.create(
            user=enrolled.user, name="spare", confirmed=True, secret_sealed=b"-"
        )
        session = client.session
        session["otp_device_id"] = RecoveryDevice.objects.get().persistent_id
        session.save()
        TotpDevice.objects.all().delete()

        page = client.post("/bevestigen/", {"code": "000000"}).content.decode()

        assert 'name="code"' not in page

    @pytest.mark.parametrize("address", ["https://kwaad.example/", "//kwaad.example/", ""])
    def test_leads_nowhere_else(self, client: Client, enrolled: Enrolled, address: str) -> None:
        log_in(client, enrolled)

        page = client.get("/bevestigen/", {"next": address})

        assert b'name="next" value="/mijn-gegevens/"' in page.content


class TestEveryAddress:
    """A stolen open session reveals nothing, takes nothing away and locks nobody out (T8)."""

    ASKING = frozenset(
        {"tag-key", "log-export", "job-result", "job-again", "show-value"}
        | {"end-session", "end-other-sessions"}
    )
    # GDPR art. 7(3), and what must be possible for who has lost something.
    NEVER = frozenset(
        {"purpose", "dismiss", "my-choices", "confirmation", "who-looked", "proof", "my-data"}
        | {"log-out", "session", "security", "log", "log-entry"}
    )

    def test_asks_again_where_it_must_and_nowhere_else(self) -> None:
        asking = {one.name for one in every_pattern() if asks_again(one.callback)}

        assert asking >= self.ASKING
        assert not asking & self.NEVER


class TestNeverAskedFor:
    """GDPR art. 7(3): withdrawing is as easy as giving; and nobody is kept from reading the own log."""

    def test_giving_withdrawing_and_reading(
        self,
        client: Client,
        leak_warning: Purpose,
        anna: DataSubject,
        clock: time_machine.Traveller,
    ) -> None:
        person = enrol(user_of(anna))
        log_in(client, person)
        clock.shift(timedelta(minutes=25))

        for answer in ("yes", "no"):
            form = {"choice-usage": answer, "choice-household": answer, "notice": "1"}
            saved = client.post("/toestemmingen/lekwaarschuwing/", form)
            assert "/bevestiging/" in saved.headers["Location"]
        for page in ("/wie-keek/", "/mijn-gegevens/", "/toestemmingen/", KEY, "/beveiliging/"):
            assert client.get(page).status_code == 200, page
        assert ConsentRecord.objects.count() == 4

    def test_logging_out(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        log_in(client, enrolled)
        clock.shift(timedelta(minutes=25))

        assert client.post("/uitloggen/").headers["Location"] == "/"
        assert not User.objects.get(pk=enrolled.user.pk).sessions.exists()
