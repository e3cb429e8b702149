"""A customer without a login makes one: by post first, then by mail, then with a second factor."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core import mail
from django.test import Client

from accounts import throttle
from accounts.identity import email_of
from accounts.models import DataSubject, MailLink, Notice, PostedCode, User
from accounts.operations.activation import finish_activation
from accounts.operations.links import owner_of
from accounts.operations.requests import answer_requests
from audit import keyring
from audit.events import EventKind
from consent import tasks as consent_tasks
from consent.operations.erasure import erase_subject
from tests import factories
from tests.accounts.steps import EMAIL, enrol, give_password, try_often, user_of
from tests.accounts.ways import (
    NEW_PASSWORD,
    code_in_the_letter,
    letters,
    lines,
    link_to,
    subjects_to,
    work,
)
from tests.factories import NOW

REFERENCE, ADDRESS = "VW-0000007", "dora@voorbeeld.example"

pytestmark = pytest.mark.usefixtures("clock", "organisation", "letter_box")


@pytest.fixture
def dora(db: None) -> DataSubject:
    """Dora is known, and has no login."""
    return factories.make_subject(REFERENCE, name="mevrouw D. Dekker")


def ask(client: Client, reference: str = REFERENCE) -> int:
    return client.post("/activeren/", {"reference": reference}).status_code


def fill_in(
    client: Client, code: str, *, email: str = ADDRESS, password: str = NEW_PASSWORD
) -> int:
    form = {"code": code, "email": email, "password": password}
    return client.post("/activeren/code/", form).status_code


class TestActivation:
    def test_leads_from_a_letter_to_setting_up_a_second_factor(
        self, client: Client, dora: DataSubject
    ) -> None:
        answer = client.post("/activeren/", {"reference": " vw-0000007 "}, follow=True)
        assert "Als de gegevens kloppen, sturen we een brief." in answer.text

        code = code_in_the_letter()
        typed = {"code": code.lower().replace("-", " "), "email": ADDRESS, "password": NEW_PASSWORD}
        answer = client.post("/activeren/code/", typed, follow=True)
        assert answer.redirect_chain == [("/activeren/verstuurd/", 302)]
        assert not User.objects.exists()

        link = link_to(ADDRESS)
        assert client.get(link).status_code == 200
        answer = client.post(link, follow=True)
        assert "Uw account is klaar" in answer.text
        dora.refresh_from_db()
        assert email_of(user_of(dora)) == ADDRESS
        answer = give_password(client, email=ADDRESS, password=NEW_PASSWORD)
        assert answer.headers["Location"] == "/inloggen/instellen/#inhoud"
        work()
        assert subjects_to(ADDRESS)[-1] == "Uw account is klaar"
        for kind in (EventKind.ACTIVATION_ASKED, EventKind.LETTER_MADE, EventKind.LOGIN_MADE):
            assert [line.subject_id for line in lines(kind)] == [dora.pk], kind

    def test_keeps_the_language_that_was_chosen(self, client: Client, dora: DataSubject) -> None:
        client.cookies["language"] = "en"
        ask(client)
        fill_in(client, code_in_the_letter())
        client.post(link_to(ADDRESS))

        assert mail.outbox[0].subject == "Make your account"
        assert User.objects.get().language == "en"

    def test_keeps_no_code_and_no_secret_in_the_clear(
        self, client: Client, dora: DataSubject
    ) -> None:
        ask(client)
        code = code_in_the_letter()
        fill_in(client, code)
        path = link_to(ADDRESS)

        posted, link = PostedCode.objects.get(), MailLink.objects.get()
        assert bytes(posted.code_sealed) == b""
        assert code.replace("-", "") not in posted.lookup
        assert path.split("/")[-2] not in link.lookup
        assert ADDRESS.encode() not in bytes(link.facts_sealed)
        assert not any(bytes(notice.facts_sealed) for notice in Notice.objects.all())

    def test_takes_what_is_typed_seriously(self, client: Client, dora: DataSubject) -> None:
        ask(client)
        code = code_in_the_letter()

        assert ask(client, "") == 422
        assert fill_in(client, code, email="geen adres") == 422
        assert fill_in(client, code, password="kort") == 422
        assert fill_in(client, code, password="dora-VW-0000007") == 422
        assert fill_in(client, "geen code") == 422
        assert fill_in(client, "0000-0000-0000") == 422
        assert client.get("/activeren/").status_code == 200
        assert client.get("/activeren/code/").status_code == 200
        assert not MailLink.objects.exists()

    def test_is_held_up_when_it_is_tried_too_often(self, client: Client, dora: DataSubject) -> None:
        assert [ask(client, "VW-9") for _ in range(6)] == [302] * 5 + [429]
        try_often(throttle.REQUESTS_PER_ADDRESS, "127.0.0.1", 20)
        assert ask(client, "VW-10") == 429
        try_often(throttle.POSTED_CODES_PER_ADDRESS, "127.0.0.1", 20)
        assert fill_in(client, "0000-0000-0000") == 429


class TestLetter:
    def test_is_sent_once_a_week(
        self, client: Client, dora: DataSubject, clock: time_machine.Traveller
    ) -> None:
        for _ in range(2):
            ask(client)
            work()
        assert len(letters()) == 1

        clock.move_to(NOW + timedelta(days=7), tick=False)
        first = code_in_the_letter()
        ask(client)
        work()
        assert len(letters()) == 2
        assert fill_in(client, first) == 422  # the older letter no longer counts

    def test_is_sent_to_nobody_who_is_not_known_or_can_log_in(
        self, client: Client, dora: DataSubject, anna: DataSubject
    ) -> None:
        enrol(user_of(anna))
        for reference in ("VW-9", "VW-0000001"):
            ask(client, reference)
        work()

        assert letters() == []
        assert subjects_to(EMAIL) == ["U hebt al een account"]

    def test_counts_thirty_days_and_once(
        self, client: Client, dora: DataSubject, clock: time_machine.Traveller
    ) -> None:
        ask(client)
        code = code_in_the_letter()
        fill_in(client, code)
        client.post(link_to(ADDRESS))
        assert fill_in(client, code, email="ander@voorbeeld.example") == 422

        PostedCode.objects.update(used_at=None)
        clock.move_to(NOW + timedelta(days=30), tick=False)
        assert fill_in(client, code) == 422

    def test_goes_to_who_has_a_login_without_a_second_factor(
        self, client: Client, anna: DataSubject
    ) -> None:
        """Made by an operator, never used: whoever has the letter makes it new."""
        ask(client, "VW-0000001")
        fill_in(client, code_in_the_letter())
        client.post(link_to(ADDRESS))

        assert give_password(client).status_code == 422
        assert give_password(client, email=ADDRESS, password=NEW_PASSWORD).status_code == 302


class TestAddressThatIsInUse:
    def test_gets_a_mail_and_the_page_shows_nothing(
        self, client: Client, dora: DataSubject, anna: DataSubject
    ) -> None:
        ask(client)
        code = code_in_the_letter()

        assert fill_in(client, code, email=EMAIL) == 302
        work()
        assert subjects_to(EMAIL) == ["Iemand vulde uw e-mailadres in"]
        assert fill_in(client, code) == 302  # the code still counts, for another address
        client.post(link_to(ADDRESS))
        assert User.objects.count() == 2

    def test_meanwhile_makes_nothing(self, client: Client, dora: DataSubject) -> None:
        ask(client)
        fill_in(client, code_in_the_letter())
        link = link_to(ADDRESS)
        factories.make_user(ADDRESS)

        assert client.post(link).status_code == 404
        assert PostedCode.objects.get().used_at is None


class TestLink:
    def test_activation_link_single_use(self, client: Client, dora: DataSubject) -> None:
        ask(client)
        fill_in(client, code_in_the_letter())
        link = link_to(ADDRESS)

        assert [client.post(link).status_code for _ in range(2)] == [302, 404]
        assert client.get(link).status_code == 404

    def test_counts_a_day(
        self, client: Client, dora: DataSubject, clock: time_machine.Traveller
    ) -> None:
        ask(client)
        fill_in(client, code_in_the_letter())
        link = link_to(ADDRESS)
        clock.move_to(NOW + timedelta(days=1), tick=False)

        assert client.post(link).status_code == 404

    def test_makes_no_second_login_for_who_can_log_in_by_now(
        self, client: Client, dora: DataSubject, anna: DataSubject
    ) -> None:
        ask(client)
        fill_in(client, code_in_the_letter())
        link = link_to(ADDRESS)
        other = factories.make_user("ander@voorbeeld.example")
        DataSubject.objects.filter(pk=dora.pk).update(user=other)
        enrol(other)

        assert client.post(link).status_code == 404

    def test_that_was_used_by_somebody_else_meanwhile_does_nothing(
        self, client: Client, dora: DataSubject
    ) -> None:
        ask(client)
        fill_in(client, code_in_the_letter())
        link_to(ADDRESS)
        as_read = MailLink.objects.select_related("key").get()
        MailLink.objects.update(used_at=NOW)

        assert finish_activation(link=as_read, at=NOW) is False
        PostedCode.objects.all().delete()
        assert finish_activation(link=as_read, at=NOW) is False
        with pytest.raises(ValueError, match="nobody who has an account"):
            owner_of(as_read)

    def test_is_gone_with_who_was_erased(self, client: Client, dora: DataSubject) -> None:
        ask(client)
        fill_in(client, code_in_the_letter())
        link = link_to(ADDRESS)
        erase_subject(subject_id=dora.pk, request="AVG-7", at=NOW)

        assert client.post(link).status_code == 404
        assert not PostedCode.objects.exists()


class TestErasedMeanwhile:
    def test_gets_no_letter(self, client: Client, dora: DataSubject) -> None:
        ask(client)
        answer_requests(at=NOW)
        keyring.destroy(key=dora.key, at=NOW)
        work()

        assert letters() == []
        assert not PostedCode.objects.exists()


def test_letters_are_for_this_account_alone(
    client: Client, dora: DataSubject, letter_box: Path
) -> None:
    ask(client)
    work()

    consent_tasks.make_letters(added_later="by a newer sender")
    (letter,) = letters()
    assert letter.stat().st_mode & 0o777 == 0o600
    assert letter_box.stat().st_mode & 0o777 == 0o700
