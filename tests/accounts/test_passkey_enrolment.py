"""Making a passkey while logging in: as the first second step, after another one, and never with a password alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts import operations
from accounts.errors import AlreadyEnrolledError
from accounts.models import DataSubject, Notice, Passkey, Role, TotpDevice, User
from accounts.queries import recovery_codes_of
from audit.events import Actor, EventKind
from consent.models import Organisation
from tests import factories
from tests.accounts.passkey_steps import (
    ADD,
    CODE,
    ENROL,
    LOG_IN,
    give_passkey,
    make,
    prove,
    question,
)
from tests.accounts.soft_authenticator import SoftAuthenticator
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
from tests.accounts.test_log_in import events, is_logged_in
from tests.factories import NOW
from tests.visitors import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomer(clock: time_machine.Traveller, organisation: Organisation, anna: DataSubject) -> User:
    return user_of(anna)


def keep_codes(client: Client) -> None:
    page = client.post("/inloggen/instellen/herstelcodes/")
    assert keep(client, page).status_code == 302


class TestFirstPasskey:
    def test_is_a_second_step_without_an_app(self, client: Client, newcomer: User) -> None:
        give_password(client)
        device = SoftAuthenticator()

        assert (
            make(client, device).headers["Location"] == "/inloggen/instellen/herstelcodes/#inhoud"
        )
        assert not is_logged_in(client), "the recovery codes come first"
        keep_codes(client)

        assert is_logged_in(client)
        assert recovery_codes_of(newcomer) is not None
        assert not TotpDevice.objects.exists()
        assert prove(Client(), device).status_code == 302

    def test_is_asked_to_check_who_holds_it_and_to_be_found_again(
        self, client: Client, newcomer: User
    ) -> None:
        give_password(client)
        asked = question(client, ENROL)

        assert asked["rp"] == {"id": "localhost", "name": "Vechtwater"}
        assert asked["user"]["name"] == asked["user"]["displayName"] == EMAIL
        assert asked["attestation"] == "none"
        chosen = asked["authenticatorSelection"]
        assert (chosen["userVerification"], chosen["residentKey"]) == ("required", "required")
        assert [one["alg"] for one in asked["pubKeyCredParams"]] == [-7, -8, -257]

    def test_tells_the_device_nothing_about_who_it_is_for(
        self, client: Client, newcomer: User
    ) -> None:
        """The handle is random, and the same each time."""
        give_password(client)
        handles = {question(client, ENROL)["user"]["id"] for _time in range(2)}

        assert len(handles) == 1
        assert len(handles.pop()) == 86, "64 bytes"

    def test_keeps_nothing_that_tells_which_device_it_is(
        self, client: Client, newcomer: User
    ) -> None:
        give_password(client)
        make(client, SoftAuthenticator(), name="telefoon van Anna")

        kept = Passkey.objects.get()
        assert (kept.aaguid, kept.name, kept.label) == ("", "passkey", "telefoon van Anna")
        assert b"Anna" not in bytes(kept.name_sealed)
        assert str(kept) == f"passkey {kept.public_id}"

    def test_gets_a_name_when_none_is_given(self, client: Client, newcomer: User) -> None:
        give_password(client)
        make(client, SoftAuthenticator())

        assert Passkey.objects.get().label == "Passkey 1"

    def test_is_a_line_in_the_log_and_a_mail(self, client: Client, newcomer: User) -> None:
        give_password(client)
        make(client, SoftAuthenticator())

        (line,) = events(EventKind.PASSKEY_ADDED)
        assert (line.actor, line.shown) == (Actor.DATA_SUBJECT, {})
        assert Notice.objects.get(user=newcomer).kind == "passkey-added"

    def test_begins_a_new_session(self, client: Client, newcomer: User) -> None:
        give_password(client)
        before = client.session.session_key
        make(client, SoftAuthenticator())

        assert client.session.session_key != before
        assert client.session["pending_log_in"]["passed"] == Passkey.objects.get().persistent_id

    def test_is_offered_beside_the_app(self, newcomer: User) -> None:
        client = Client()
        give_password(client)

        assert f'href="{ENROL}"' in client.get("/inloggen/instellen/").text
        page = client.get(ENROL).text
        assert 'data-passkey="create"' in page
        assert 'href="/inloggen/instellen/"' in page

    def test_is_explained_where_browsers_give_none(
        self, client: Client, newcomer: User, settings: Settings
    ) -> None:
        give_password(client)
        assert "http://localhost:8000" in client.get(ENROL).text

        settings.PASSKEY_ORIGIN = ""
        assert "werken passkeys niet" in client.get(ENROL).text


FALSE: dict[str, Callable[[SoftAuthenticator], None]] = {
    "without checking who holds it": lambda device: setattr(device, "verifies_user", False),
    "for another site": lambda device: setattr(device, "origin", "https://regie-inloggen.example"),
    "for another relying party": lambda device: setattr(device, "rp_id", "regie.example"),
}


class TestPasskeyThatIsNotKept:
    @pytest.mark.parametrize("how", FALSE)
    def test_is_made(self, client: Client, newcomer: User, how: str) -> None:
        device = SoftAuthenticator()
        FALSE[how](device)
        give_password(client)

        answer = make(client, device, name="mijn telefoon")

        assert answer.status_code == 422
        assert "Deze passkey werkt hier niet." in answer.text
        assert not Passkey.objects.exists()
        assert not events(EventKind.PASSKEY_ADDED)

    @pytest.mark.parametrize("text", ["", "{", "7", "{}", "x" * 20_000])
    def test_is_none(self, client: Client, newcomer: User, text: str) -> None:
        give_password(client)
        question(client, ENROL)

        assert client.post(ENROL, {"passkey": text}).status_code == 422
        assert not Passkey.objects.exists()

    def test_is_one_of_an_earlier_question(self, client: Client, newcomer: User) -> None:
        give_password(client)
        asked = question(client, ENROL)
        client.post(ENROL, {"passkey": "{}"})

        answer = client.post(ENROL, {"passkey": SoftAuthenticator().create(asked)})

        assert answer.status_code == 422
        assert not Passkey.objects.exists()

    def test_comes_after_five_minutes(
        self, client: Client, newcomer: User, clock: time_machine.Traveller
    ) -> None:
        give_password(client)
        asked = question(client, ENROL)
        clock.shift(timedelta(minutes=5))

        answer = client.post(ENROL, {"passkey": SoftAuthenticator().create(asked)})

        assert answer.status_code == 422
        assert "Dat duurde te lang." in answer.text

    def test_is_known_already_with_whomever(
        self, client: Client, newcomer: User, bram: DataSubject
    ) -> None:
        device, _ = give_passkey(user_of(bram))
        give_password(client)

        assert make(client, device).status_code == 422
        assert Passkey.objects.get().user == bram.user

    def test_has_too_long_a_name(self, client: Client, newcomer: User) -> None:
        give_password(client)

        answer = make(client, SoftAuthenticator(), name="x" * 41)

        assert answer.status_code == 422
        assert "hooguit 40 tekens" in answer.text
        assert not Passkey.objects.exists()


class TestPasswordAlone:
    """GHSA-8r76-c459-ww98: whoever knows a password must not add a second step to it."""

    def test_second_passkey_needs_second_factor(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)

        for answer in (
            client.get(ENROL),
            client.post(f"{ENROL}vraag/"),
            client.post(ENROL, {"passkey": "{}"}),
            client.post(f"{ADD}vraag/"),
            client.post(ADD, {"passkey": "{}"}),
        ):
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/inloggen/")
        assert not Passkey.objects.exists()

    def test_adds_no_app_beside_a_passkey(self, client: Client, newcomer: User) -> None:
        give_passkey(newcomer)
        give_password(client)

        assert client.get("/inloggen/instellen/").headers["Location"] == "/inloggen/code/#inhoud"
        app = operations.start_app(user=newcomer, at=NOW)
        with pytest.raises(AlreadyEnrolledError):
            operations.confirm_app(
                user=newcomer, device=app, code="000000", address="", is_replacing=False, at=NOW
            )
        with pytest.raises(AlreadyEnrolledError):
            operations.enrol(user=newcomer, at=NOW)

    def test_adds_nothing_that_another_log_in_added_meanwhile(
        self, client: Client, newcomer: User
    ) -> None:
        """Two log-ins cannot both be the first: the question was asked when there was none."""
        give_password(client)
        answer = SoftAuthenticator().create(question(client, ENROL))
        asked = client.session["passkey_question"]
        enrol(newcomer)

        assert (
            client.post(ENROL, {"passkey": answer}).headers["Location"] == "/inloggen/code/#inhoud"
        )
        with pytest.raises(AlreadyEnrolledError):
            operations.add_passkey(
                user=newcomer, answer=answer, name="", is_proven=False, keep=None, at=NOW,
                question=operations.Question(challenge=asked["challenge"], asked_at=NOW),
            )  # fmt: skip
        assert not Passkey.objects.exists()

    def test_adds_nothing_that_another_log_in_adds_at_this_moment(
        self, client: Client, newcomer: User
    ) -> None:
        """After the page has looked whether there is a second factor, and before anything is kept."""
        give_password(client)
        answer = SoftAuthenticator().create(question(client, ENROL))
        others: list[Enrolled] = []

        def at_this_moment(execute: Any, sql: str, *rest: Any) -> Any:
            if not others and "INSERT" in sql and "accounts_usedassertion" in sql:
                others.append(enrol(newcomer))
            return execute(sql, *rest)

        with connection.execute_wrapper(at_this_moment):
            page = client.post(ENROL, {"passkey": answer})

        assert len(others) == 1
        assert page.headers["Location"] == "/inloggen/code/#inhoud"
        assert not Passkey.objects.exists()

    def test_and_a_recovery_code_may(self, client: Client, enrolled: Enrolled) -> None:
        elsewhere = client_of(enrolled.user)
        give_password(client)
        client.post("/inloggen/herstelcode/", {"code": enrolled.codes[0]})
        device = SoftAuthenticator()

        assert make(client, device).headers["Location"] == "/mijn-gegevens/#inhoud"
        assert is_logged_in(client)
        assert not is_logged_in(elsewhere)
        assert prove(Client(), device).status_code == 302


@pytest.fixture
def strict(settings: Settings) -> None:
    """As in production: officers and administrators log in with a passkey."""
    settings.STAFF_PASSKEY_REQUIRED = True


def is_in_office(client: Client) -> bool:
    return client.get("/kantoor/logboek/").status_code == 200


@pytest.mark.usefixtures("strict")
class TestStaff:
    def test_with_an_app_only_makes_a_passkey_first(
        self, client: Client, enrolled_officer: Enrolled, organisation: Organisation
    ) -> None:
        answer = log_in(client, enrolled_officer, email=OFFICER_EMAIL)

        assert answer.headers["Location"] == f"{ENROL}#inhoud"
        assert not is_in_office(client)
        page = client.get(ENROL).text
        assert "Uw werk gaat over de gegevens van anderen." in page
        assert 'href="/inloggen/instellen/"' not in page

        assert make(client, SoftAuthenticator()).headers["Location"] == "/kantoor/logboek/#inhoud"
        assert is_in_office(client)

    def test_that_is_new_makes_a_passkey_and_gets_recovery_codes(
        self, client: Client, clock: time_machine.Traveller, carla: User, organisation: Organisation
    ) -> None:
        give_password(client, email=OFFICER_EMAIL)
        assert client.get("/inloggen/instellen/").headers["Location"] == f"{ENROL}#inhoud"

        make(client, SoftAuthenticator())
        keep_codes(client)

        assert is_in_office(client)

    def test_with_a_passkey_may_use_the_app_when_it_is_not_at_hand(
        self, client: Client, enrolled_officer: Enrolled, organisation: Organisation
    ) -> None:
        give_passkey(enrolled_officer.user)

        log_in(client, enrolled_officer, email=OFFICER_EMAIL)

        assert is_in_office(client)

    def test_gets_around_it_by_no_recovery_code(
        self, client: Client, enrolled_officer: Enrolled, organisation: Organisation
    ) -> None:
        give_password(client, email=OFFICER_EMAIL)
        client.post("/inloggen/herstelcode/", {"code": enrolled_officer.codes[0]})

        client.post("/inloggen/instellen/", {"later": "1"})

        assert not is_in_office(client)
        make(client, SoftAuthenticator())
        assert is_in_office(client)

    def test_logs_in_with_a_passkey_alone(
        self, client: Client, enrolled_officer: Enrolled, organisation: Organisation
    ) -> None:
        device, _ = give_passkey(enrolled_officer.user)

        assert prove(client, device, LOG_IN).headers["Location"] == "/kantoor/logboek/#inhoud"

    @pytest.mark.parametrize("role", Role)
    def test_is_asked_for_it_in_the_roles_that_see_or_change_most(
        self, role: Role, organisation: Organisation
    ) -> None:
        user = factories.make_user("iemand@vechtwater.example", role=role)

        assert operations.lacks_passkey(user) == (role in {Role.OFFICER, Role.ADMIN})

    def test_customer_is_asked_for_nothing(self, client: Client, enrolled: Enrolled) -> None:
        assert log_in(client, enrolled).headers["Location"] == "/mijn-gegevens/#inhoud"


class TestStaffThatNeedNone:
    def test_logs_in_with_a_code(
        self, client: Client, enrolled_officer: Enrolled, organisation: Organisation
    ) -> None:
        log_in(client, enrolled_officer, email=OFFICER_EMAIL)

        assert is_in_office(client)


class TestMeanwhile:
    def test_passkey_that_was_removed_halfway_logs_nobody_in(
        self, client: Client, newcomer: User
    ) -> None:
        give_password(client)
        make(client, SoftAuthenticator())
        Passkey.objects.all().delete()

        answer = keep(client, client.post("/inloggen/instellen/herstelcodes/"))

        assert answer.headers["Location"] == "/inloggen/#inhoud"
        assert not is_logged_in(client)

    def test_question_of_an_aborted_log_in_is_gone(
        self, client: Client, newcomer: User, bram: DataSubject
    ) -> None:
        device, _ = give_passkey(newcomer)
        give_password(client)
        answer = device.get(question(client, CODE))
        give_password(client)

        assert "passkey_question" not in client.session
        assert client.post(CODE, {"passkey": answer}).status_code == 422
