"""Logging in with a passkey, through the real pages, with a device in software."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.exceptions import SessionInterrupted
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts import operations, questions, throttle
from accounts.models import DataSubject, Passkey, UsedAssertion, User, UserSession
from accounts.questions import Step
from accounts.session_store import SessionStore, digest
from audit.events import Actor, EventKind
from tests.accounts.passkey_steps import ADD, CODE, LOG_IN, give_passkey, prove, question
from tests.accounts.soft_authenticator import SoftAuthenticator, text_of
from tests.accounts.steps import EMAIL, Enrolled, give_password, log_in, try_often, user_of
from tests.accounts.test_log_in import events, is_logged_in
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(enrolled: Enrolled) -> SoftAuthenticator:
    """Anna's telephone, beside her app and her recovery codes."""
    return give_passkey(enrolled.user)[0]


class TestPasskeyAlone:
    def test_logs_in_in_one_step(self, client: Client, device: SoftAuthenticator) -> None:
        answer = prove(client, device)

        assert answer.status_code == 302
        assert answer.headers["Location"] == "/mijn-gegevens/#inhoud"
        assert is_logged_in(client)
        (line,) = events(EventKind.SIGNED_IN)
        assert (line.actor, line.shown) == (Actor.DATA_SUBJECT, {"factor": "passkey"})

    def test_is_asked_of_no_account_and_always_checks_who_holds_it(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        asked = question(client, LOG_IN)

        assert asked["rpId"] == "localhost"
        assert asked["userVerification"] == "required"
        assert asked.get("allowCredentials", []) == []
        assert asked["timeout"] == 300_000

    def test_leads_to_the_page_that_was_asked_for_when_it_is_ours(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        assert (
            prove(client, device, next_page="/wie-keek/")
            .headers["Location"]
            .startswith("/wie-keek/")
        )

    def test_leads_to_no_other_site(self, client: Client, device: SoftAuthenticator) -> None:
        answer = prove(client, device, next_page="//boef.example/")

        assert answer.headers["Location"] == "/mijn-gegevens/#inhoud"

    def test_begins_a_new_session_with_nothing_of_the_old_one(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        asked = question(client, LOG_IN)
        before = client.session.session_key
        client.post(LOG_IN, {"passkey": device.get(asked)})

        assert client.session.session_key != before
        assert not UserSession.objects.filter(key=digest(str(before))).exists()
        assert not {"passkey_question", "pending_log_in"} & set(client.session.keys())

    def test_is_known_to_be_used(self, client: Client, device: SoftAuthenticator) -> None:
        assert Passkey.objects.get().last_used_at is None
        prove(client, device)

        kept = Passkey.objects.get()
        assert (kept.last_used_at, kept.sign_count) == (NOW, 1)

    def test_that_does_not_count_works_again_and_again(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        device, _ = give_passkey(enrolled.user, device=SoftAuthenticator(counts=False))
        for _time in range(2):
            assert prove(Client(), device).status_code == 302

    def test_shows_to_the_customer_how_she_logged_in(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        prove(client, device)

        assert "Met uw passkey." in client.get("/wie-keek/").text
        assert "Met uw passkey." in client.get("/mijn-gegevens/").text

    def test_page_that_takes_the_answer_leads_back_when_it_is_read(self, client: Client) -> None:
        assert client.get(LOG_IN).headers["Location"] == "/inloggen/#inhoud"


def refused(answer: object, client: Client) -> bool:
    return getattr(answer, "status_code", None) == 422 and not is_logged_in(client)


FALSE: dict[str, Callable[[SoftAuthenticator], None]] = {
    "without checking who holds it": lambda device: setattr(device, "verifies_user", False),
    "for another site": lambda device: setattr(device, "origin", "https://regie-inloggen.example"),
    "for the same name at another port": lambda device: setattr(
        device, "origin", "http://localhost:8001"
    ),
    "for another relying party": lambda device: setattr(device, "rp_id", "regie.example"),
    "with another key": lambda device: setattr(device, "key", SoftAuthenticator().key),
    "of which nobody knows the passkey": lambda device: setattr(
        device, "credential_id", b"onbekend"
    ),
    "that names another owner": lambda device: setattr(device, "user_handle", text_of(b"x" * 64)),
    "that names no owner": lambda device: setattr(device, "user_handle", None),
    "with an owner that is no text": lambda device: setattr(device, "user_handle", 7),
    "with an owner that is no base64": lambda device: setattr(device, "user_handle", "a"),
}


class TestAnswer:
    @pytest.mark.parametrize("how", FALSE)
    def test_is_refused(self, client: Client, device: SoftAuthenticator, how: str) -> None:
        FALSE[how](device)

        assert refused(prove(client, device), client)
        assert not events(EventKind.SIGNED_IN)
        (line,) = events(EventKind.SIGN_IN_FAILED)
        assert (line.actor, line.at) == (Actor.SYSTEM, NOW)

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", "7", "null", '{"rawId": 7}', '{"rawId": "!"}', "{}", "x" * 20_000]
    )
    def test_that_is_none_is_refused(
        self, client: Client, device: SoftAuthenticator, text: str
    ) -> None:
        question(client, LOG_IN)

        assert refused(client.post(LOG_IN, {"passkey": text}), client)

    def test_is_refused_when_its_count_went_back(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        """A copy of a passkey was used meanwhile, or this one is the copy."""
        device.sign_count = 6
        prove(Client(), device)
        device.sign_count = 6  # and one more: what the first one said already

        assert refused(prove(client, device), client)
        (line,) = events(EventKind.SIGN_IN_FAILED)
        assert line.shown == {"step": "passkey"}
        assert (line.internal or {})["reason"] == "passkey-counter"
        assert Passkey.objects.get().sign_count == 7

    def test_is_refused_the_second_time(self, client: Client, device: SoftAuthenticator) -> None:
        answer = device.get(question(client, LOG_IN))
        assert client.post(LOG_IN, {"passkey": answer}).status_code == 302
        client.post("/uitloggen/")

        assert refused(client.post(LOG_IN, {"passkey": answer}), client)

    def test_is_refused_the_second_time_in_a_session_that_remembers_the_question(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        """As two requests at once do, that both read the session before either wrote it."""
        device, _ = give_passkey(enrolled.user, device=SoftAuthenticator(counts=False))
        answer = device.get(question(client, LOG_IN))
        remembered = client.session["passkey_question"]
        assert client.post(LOG_IN, {"passkey": answer}).status_code == 302
        other = Client()
        question(other, LOG_IN)
        session = other.session
        session["passkey_question"] = remembered
        session.save()

        assert refused(other.post(LOG_IN, {"passkey": answer}), other)
        assert UsedAssertion.objects.count() == 2, "the making of the passkey, and one log-in"

    def test_uses_up_the_question_even_when_it_is_wrong(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        asked = question(client, LOG_IN)
        client.post(LOG_IN, {"passkey": "{}"})

        assert refused(client.post(LOG_IN, {"passkey": device.get(asked)}), client)

    def test_is_not_looked_at_in_a_session_that_was_ended_meanwhile(
        self, client: Client, device: SoftAuthenticator, rf: RequestFactory
    ) -> None:
        question(client, LOG_IN)
        request = rf.post(LOG_IN)
        request.session = SessionStore(client.session.session_key)
        request.session.load_once()
        UserSession.objects.all().delete()

        with pytest.raises(SessionInterrupted):
            questions.take(request, step=Step.LOG_IN)

    def test_to_another_question_is_refused(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        asked = question(client, LOG_IN)
        question(client, LOG_IN)

        assert refused(client.post(LOG_IN, {"passkey": device.get(asked)}), client)

    def test_to_the_question_of_another_session_is_refused(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        asked = question(Client(), LOG_IN)
        question(client, LOG_IN)

        assert refused(client.post(LOG_IN, {"passkey": device.get(asked)}), client)

    def test_without_a_question_is_refused(self, client: Client, device: SoftAuthenticator) -> None:
        asked = question(Client(), LOG_IN)

        answer = client.post(LOG_IN, {"passkey": device.get(asked)})

        assert refused(answer, client)
        assert "Dat duurde te lang." in answer.text

    @pytest.mark.parametrize(("seconds", "status"), [(299, 302), (300, 422)])
    def test_may_take_five_minutes(
        self,
        client: Client,
        device: SoftAuthenticator,
        clock: time_machine.Traveller,
        seconds: int,
        status: int,
    ) -> None:
        asked = question(client, LOG_IN)
        clock.shift(timedelta(seconds=seconds))

        assert client.post(LOG_IN, {"passkey": device.get(asked)}).status_code == status

    def test_for_another_step_is_refused(self, client: Client, device: SoftAuthenticator) -> None:
        give_password(client)
        asked = question(client, CODE)

        assert client.session["passkey_question"]["step"] == Step.SECOND_FACTOR
        assert refused(client.post(LOG_IN, {"passkey": device.get(asked)}), client)

    def test_of_a_login_that_is_closed_is_refused(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        User.objects.update(is_active=False)

        assert refused(prove(client, device), client)
        assert Passkey.objects.get().sign_count == 0, "nothing of it counts"

    def test_of_a_passkey_that_was_switched_off_is_refused(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        Passkey.objects.update(confirmed=False)

        assert refused(prove(client, device), client)

    def test_of_a_passkey_that_was_removed_is_refused(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        Passkey.objects.all().delete()

        assert refused(prove(client, device), client)
        (line,) = events(EventKind.SIGN_IN_FAILED)
        assert line.subject_id is None

    def test_says_the_same_whatever_is_wrong_with_it(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        known = prove(client, SoftAuthenticator(credential_id=device.credential_id))
        unknown = prove(client, SoftAuthenticator())

        assert "Deze passkey werkt hier niet." in known.text
        assert known.status_code == unknown.status_code
        assert known.context["passkey"].form.errors == unknown.context["passkey"].form.errors


class TestStranger:
    def test_locks_nobody_out_with_passkeys_that_fail(
        self, client: Client, device: SoftAuthenticator, enrolled: Enrolled
    ) -> None:
        for _time in range(60):
            stranger = Client(REMOTE_ADDR="192.0.2.7")
            stranger.post(f"{LOG_IN}vraag/")
            stranger.post(LOG_IN, {"passkey": SoftAuthenticator().get({"challenge": "eA"})})

        assert prove(client, device).status_code == 302
        client.post("/uitloggen/")
        assert log_in(client, enrolled).status_code == 302

    def test_is_asked_nothing_more_when_trying_often(
        self, client: Client, clock: time_machine.Traveller
    ) -> None:
        try_often(throttle.PASSKEYS_PER_ADDRESS, "127.0.0.1", 50)

        answer = client.post(f"{LOG_IN}vraag/")

        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert "te vaak" in answer.json()["detail"]
        assert "passkey_question" not in client.session

    def test_that_succeeds_does_not_count(self, client: Client, device: SoftAuthenticator) -> None:
        try_often(throttle.PASSKEYS_PER_ADDRESS, "127.0.0.1", 48)

        for _time in range(4):
            assert prove(Client(), device).status_code == 302


class TestSecondStep:
    def test_may_be_a_passkey(self, client: Client, device: SoftAuthenticator) -> None:
        give_password(client)
        asked = question(client, CODE)
        assert asked["userVerification"] == "required"
        assert [one["id"] for one in asked["allowCredentials"]] == [text_of(device.credential_id)]

        answer = client.post(CODE, {"passkey": device.get(asked)})

        assert answer.headers["Location"] == "/mijn-gegevens/#inhoud"
        assert is_logged_in(client)

    def test_leaves_somebody_anonymous_until_it_is_passed(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        give_password(client)
        question(client, CODE)

        assert not client.get("/").wsgi_request.user.is_authenticated
        assert client.post(f"{ADD}vraag/").status_code == 302

    def test_is_not_there_without_a_password(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        assert client.post(f"{CODE}vraag/").headers["Location"] == "/inloggen/#inhoud"
        assert client.post(CODE, {"passkey": "{}"}).headers["Location"] == "/inloggen/#inhoud"

    @pytest.mark.parametrize("how", FALSE)
    def test_refuses_what_the_first_refuses(
        self, client: Client, device: SoftAuthenticator, how: str
    ) -> None:
        give_password(client)
        FALSE[how](device)
        answer = prove(client, device, CODE)
        if how == "that names no owner":  # it is known who that must be
            assert answer.status_code == 302
            return

        assert refused(answer, client)
        assert events(EventKind.SIGN_IN_FAILED)[0].shown == {"step": "passkey"}

    def test_is_not_passed_with_the_passkey_of_somebody_else(
        self, client: Client, device: SoftAuthenticator, bram: DataSubject
    ) -> None:
        other, _ = give_passkey(user_of(bram))
        give_password(client)

        assert refused(prove(client, other, CODE), client)

    def test_begins_a_new_session_at_each_step(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        keys = [client.session.session_key]
        give_password(client)
        keys.append(client.session.session_key)
        prove(client, device, CODE)
        keys.append(client.session.session_key)

        assert len(set(keys)) == 3
        assert "passkey_question" not in client.session

    def test_keeps_the_page_that_was_asked_for(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        give_password(client, next_page="/wie-keek/")

        assert prove(client, device, CODE).headers["Location"] == "/wie-keek/#inhoud"

    def test_may_still_be_a_code(
        self, client: Client, device: SoftAuthenticator, enrolled: Enrolled
    ) -> None:
        assert log_in(client, enrolled).status_code == 302
        assert is_logged_in(client)

    def test_needs_no_app_from_who_has_a_passkey(
        self, client: Client, clock: object, organisation: object, anna: DataSubject
    ) -> None:
        user = user_of(anna)
        device, _ = give_passkey(user)
        codes = operations.make_recovery_codes(user=user)
        operations.confirm_recovery_codes(user=user, typed=codes[0], at=NOW)

        assert give_password(client).headers["Location"] == "/inloggen/code/#inhoud"
        page = client.get("/inloggen/code/")
        assert 'name="code"' not in page.text
        assert "Gebruik uw passkey" in page.text
        assert client.post("/inloggen/code/", {"code": "123456"}).status_code == 200
        assert prove(client, device, CODE).status_code == 302
        assert is_logged_in(client)

    def test_page_that_takes_the_answer_leads_back_when_it_is_read(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        give_password(client)

        assert client.get(CODE).headers["Location"] == "/inloggen/code/#inhoud"

    def test_takes_an_app_as_a_passkey_in_no_way(
        self, client: Client, device: SoftAuthenticator, enrolled: Enrolled
    ) -> None:
        """A passkey is no device that takes a code."""
        give_password(client)

        assert (
            client.post(
                "/inloggen/code/", {"code": device.get({"challenge": "eA"})[:64]}
            ).status_code
            == 422
        )


class TestPages:
    def test_offer_passkeys_to_a_browser_that_gives_them(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        """Hidden until our script finds that it is read at that address."""
        page = client.get("/inloggen/?next=/wie-keek/").text

        assert 'hidden data-passkey="get" data-origin="http://localhost:8000"' in page
        assert 'data-question="/inloggen/passkey/vraag/"' in page
        assert page.count('name="next" value="/wie-keek/"') == 2
        assert "Inloggen met passkey" in page
        assert 'href="http://localhost:8000/inloggen/"' in page
        give_password(client)
        assert "passkey" not in client.get("/inloggen/code/").text, "who has none is not asked"

    def test_say_nothing_of_passkeys_where_there_are_none(
        self, client: Client, settings: Settings, enrolled: Enrolled
    ) -> None:
        settings.PASSKEY_ORIGIN = ""

        page = client.get("/inloggen/").text

        assert "passkey" not in page.lower()

    def test_say_so_to_who_has_a_passkey_that_works_nowhere_any_more(
        self, client: Client, device: SoftAuthenticator, settings: Settings
    ) -> None:
        """The address of the site became one at which browsers give none."""
        settings.PASSKEY_ORIGIN = ""
        give_password(client)

        page = client.get("/inloggen/code/").text

        assert "Op het adres van deze site werken passkeys niet." in page
        assert 'name="code"' in page

    def test_show_what_is_wrong_beside_the_button(
        self, client: Client, device: SoftAuthenticator
    ) -> None:
        device.verifies_user = False

        page = prove(client, device).text

        assert 'href="#id_passkey"' in page
        assert "<title>Fout: " in page
        assert EMAIL not in page

    def test_never_send_an_answer_back(self, client: Client, device: SoftAuthenticator) -> None:
        answer = device.get(question(client, LOG_IN))
        page = client.post(LOG_IN, {"passkey": answer.replace("public-key", "kanarie")}).text

        assert "kanarie" not in page
        assert json.loads(answer)["response"]["signature"] not in page
