"""Nobody learns on any page who is known here: the same status, body and headers, for the same queries."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import tasks
from accounts.identity import email_of
from accounts.models import AccountRequest, DataSubject, PostedCode, User
from accounts.operations.posted_codes import post_code
from consent.operations.letters import make_letters
from tests import factories
from tests.accounts.steps import EMAIL, Enrolled, log_in, user_of
from tests.accounts.ways import NEW_PASSWORD, code_in_the_letter
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("letter_box")
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')
Seen = tuple[int, list[tuple[str, str]], str, list[str]]


def answer_to(client: Client, page: str, form: dict[str, str], typed: str) -> Seen:
    """Return all that somebody sees of the answer, and what the database was asked."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(page, form)
    followed = client.get(answer.headers["Location"]) if answer.status_code == 302 else answer
    body = _TOKEN.sub("", followed.text).replace(typed, "…")
    asked = [query["sql"].split(" ")[0] for query in queries]
    headers = [(name, value) for name, value in answer.headers.items() if name != "Content-Length"]
    return answer.status_code, headers, body, asked


@pytest.fixture
def everyone(enrolled: Enrolled, bram: DataSubject) -> dict[str, str]:
    """Customer numbers: of nobody, of who has no login, of who has no second factor, and of who has both."""
    factories.make_subject("VW-0000007")
    return {
        "unknown": "VW-0000099",
        "without a login": "VW-0000007",
        "without a second factor": "VW-0000002",
        "active": "VW-0000001",
    }


@pytest.fixture
def addresses(enrolled: Enrolled, bram: DataSubject, carla: User) -> list[str]:
    """E-mail addresses: of nobody, of who has both factors, of who has one, of staff, and of who may not log in."""
    closed = factories.make_user("oud@voorbeeld.example")
    User.objects.filter(pk=closed.pk).update(is_active=False)
    known = [email_of(user_of(bram)), email_of(carla), "oud@voorbeeld.example", EMAIL]
    return ["niemand@voorbeeld.example", *known]


def same(answers: list[Seen], *, status: int) -> bool:
    return answers[0][0] == status and all(answer == answers[0] for answer in answers)


class TestEnumerationMatrix:
    def test_activation(self, client: Client, everyone: dict[str, str]) -> None:
        answers = [
            answer_to(client, "/activeren/", {"reference": reference}, reference)
            for reference in ["VW-0000098", *everyone.values()]
        ][1:]

        assert same(answers, status=302)

    def test_password_reset(self, client: Client, addresses: list[str]) -> None:
        answers = [
            answer_to(client, "/wachtwoord-vergeten/", {"email": email}, email)
            for email in ["eerst@voorbeeld.example", *addresses]
        ][1:]

        assert same(answers, status=302)

    def test_login(self, client: Client, addresses: list[str]) -> None:
        form = {"password": "verkeerd wachtwoord", "next": ""}
        answers = [
            answer_to(client, "/inloggen/", {**form, "email": email}, email)
            for email in ["eerst@voorbeeld.example", *addresses]
        ][1:]

        assert all(answer[:3] == answers[0][:3] for answer in answers)
        assert {answer[0] for answer in answers} == {422}

    def test_email_change(self, enrolled: Enrolled, addresses: list[str]) -> None:
        browser = Client()
        log_in(browser, enrolled)
        answers = [
            answer_to(browser, "/beveiliging/e-mail/", {"email": email}, email)
            for email in ["eerst@voorbeeld.example", *addresses[:-1]]
        ][1:]

        assert same(answers, status=302)

    def test_address_of_a_new_account(
        self, client: Client, everyone: dict[str, str], addresses: list[str]
    ) -> None:
        subject = DataSubject.objects.filter(user=None).get()
        post_code(subject=subject, purpose=PostedCode.Purpose.ACTIVATION, at=NOW)
        assert make_letters(at=NOW) == 1
        form = {"code": code_in_the_letter(), "password": NEW_PASSWORD}
        answers = [
            answer_to(client, "/activeren/code/", {**form, "email": email}, email)
            for email in ["eerst@voorbeeld.example", *addresses]
        ][1:]

        assert same(answers, status=302)

    @pytest.mark.parametrize("code", ["0000-0000-0000", "ZZZZ-ZZZZ-ZZZZ", "x"])
    def test_code_of_a_letter(self, client: Client, everyone: dict[str, str], code: str) -> None:
        form = {"email": "x@voorbeeld.example", "password": NEW_PASSWORD, "code": code}

        status, _headers, body, _asked = answer_to(client, "/activeren/code/", form, code)
        assert status == 422
        assert "Deze code klopt niet of geldt niet meer" in body


class TestWorker:
    def test_is_not_held_up_by_what_it_cannot_read(
        self, client: Client, everyone: dict[str, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        client.post("/activeren/", {"reference": "VW-0000098"})
        AccountRequest.objects.update(typed_sealed=b"damaged")
        client.post("/activeren/", {"reference": everyone["without a login"]})

        tasks.answer_requests(added_later="by a newer sender")

        assert not AccountRequest.objects.exists()
        assert PostedCode.objects.count() == 1
        assert [record.message for record in caplog.records] == [
            "A request could not be read (SealBrokenError)."
        ]
