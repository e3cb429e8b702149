"""What people type, and what opens doors, is told to nobody: no log, mail, message to a worker, address or error page (T17)."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest
from celery import current_app
from celery.signals import before_task_publish
from django.core import mail
from django.db import DataError, connection
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from config.process_log import Formatter
from tests.security.pages import Page
from tests.test_role_matrix import MATRIX, VISITORS, visitor

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

__all__ = ["visitor"]
pytestmark = pytest.mark.django_db

# Each could be in one field or header of another, so each is looked for everywhere.
CANARIES = {
    "e-mail": "kanarie.vogel@voorbeeld.example",
    "name": "mevrouw K. Kanarievogel",
    "password": "kanarie zingt in de mijn",
    "code": "KANA-R1E5-KANA-R1E5",
    "secret": "KANARIEKANARIEKANARIEKANARIEKANA",
    "bank number": "NL69KANA0123456789",
    "customer number": "KANARIE-4711",
    "cookie": "kanariekoekjekanariekoekje123456",
    "token": "eyJrYW5hcmllIjoxfQ.eyJrYW5hcmllIjoyfQ.a2FuYXJpZQ",
}
EVERYTHING = " ".join(CANARIES.values())
# What our forms and those of the API call their fields, for whoever sends without looking at a page.
FIELDS = (
    *("email", "password", "password2", "new_password", "old_password", "code", "recovery_code"),
    *("name", "naam", "klant", "customer", "reference", "tekst", "reason", "reden", "address"),
    *("client_assertion", "client_id", "scope", "access_token", "token"),
)
COOKIES = ("session", "csrf", "device", "language")


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, settings: Settings) -> Iterator[Callable[[], str]]:
    """Return everything that left: log lines of every level, mails about errors, messages to workers."""
    settings.ADMINS = settings.MANAGERS = [("Beheer", "beheer@vechtwater.example")]
    caplog.set_level(logging.DEBUG)
    for name in ("django.request", "django.security", "django.security.csrf", "waitress"):
        caplog.set_level(logging.DEBUG, logger=name)
    messages: list[str] = []

    def note(**what: Any) -> None:
        messages.append(repr((what["body"], what["headers"])))

    before_task_publish.connect(note)
    formatter = Formatter("{levelname} {name}: {message}", style="{")
    yield lambda: "\n".join(
        [*(formatter.format(record) for record in caplog.records), *messages, *_error_mails()]
    )
    before_task_publish.disconnect(note)


def _error_mails() -> list[str]:
    return [
        str(one.message()) for one in mail.outbox if "beheer@vechtwater.example" in one.recipients()
    ]


def escaped(text: str) -> list[str]:
    """Return how a text may be spelled where it leaks to."""
    return [text, quote(text), quote_plus(text), text.encode().hex()]


def leaks(text: str) -> list[str]:
    low = text.casefold()
    return [
        name
        for name, canary in CANARIES.items()
        if any(form.casefold() in low for form in escaped(canary))
    ]


def fitting(field: str) -> str:
    """Return a canary of the form that a field asks for, so that it gets past the first look."""
    named = {"email": "e-mail", "password": "password", "code": "code", "klant": "customer number"}
    kind = next((kind for part, kind in named.items() if part in field), "name")
    return CANARIES[kind]


def fillings(fields: Iterable[str]) -> list[dict[str, str]]:
    """Return what each field asks for, and then everything in every field."""
    names = list(fields)
    return [{name: fitting(name) for name in names}, dict.fromkeys(names, EVERYTHING)]


def sent_by(client: Client, address: str) -> Iterator["Answer"]:
    """Yield what every way to send something here is answered with."""
    page = client.get(address)
    yield page
    for form in Page(page.content.decode(errors="replace")).forms if not page.streaming else []:
        if form.method == "post" and form.written:
            for filled in fillings(form.written):
                yield client.post(form.action or address, form.given | filled)
    for filled in fillings(FIELDS):
        yield client.post(address, filled)
        yield client.post(address, filled, content_type="application/json")
    yield client.put(address, dict.fromkeys(FIELDS, EVERYTHING), content_type="application/json")


@pytest.mark.parametrize("name", MATRIX)
class TestEveryForm:
    def test_tells_nobody_what_was_typed(
        self,
        visitor: Callable[[str], Client],
        told: Callable[[], str],
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
        name: str,
    ) -> None:
        address = reverse(name, args=MATRIX[name].arguments)
        for who in VISITORS:
            client = visitor(who)
            client.raise_request_exception = False  # the app of a visitor here seals nothing
            with django_capture_on_commit_callbacks(execute=True):
                for answer in sent_by(client, address):
                    assert leaks(answer.headers.get("Location", "")) == [], who
                    assert is_silent_in_addresses(answer), who
                    assert answer.status_code < 500 or leaks(answer.content.decode()) == [], who

        assert leaks(told()) == []

    def test_tells_nobody_what_opens_a_door(self, told: Callable[[], str], name: str) -> None:
        address = reverse(name, args=MATRIX[name].arguments)
        client = Client(headers={"Authorization": f"Bearer {CANARIES['token']}"})
        for cookie in COOKIES:
            client.cookies[cookie] = CANARIES["cookie"]

        for answer in (client.get(address), client.post(address)):
            assert leaks(answer.content.decode(errors="replace")) == []

        assert leaks(told()) == []

    @pytest.mark.parametrize("debug", [False, True])
    def test_tells_nobody_when_the_database_chokes_on_it(
        self,
        visitor: Callable[[str], Client],
        told: Callable[[], str],
        settings: Settings,
        name: str,
        debug: bool,  # noqa: FBT001
    ) -> None:
        settings.DEBUG = debug
        address = reverse(name, args=MATRIX[name].arguments)
        for who in ("anonymous", "customer", "officer", "service"):
            client = visitor(who)
            client.raise_request_exception = False
            with connection.execute_wrapper(_quoting):
                for filled in fillings(FIELDS):
                    answer = client.post(address, filled)
                    if answer.status_code >= 500:
                        assert leaks(answer.content.decode()) == []

        assert leaks(told()) == []


def _quoting(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
    """Fail on what is written, and quote all that could have been there, as a driver may."""
    if sql.startswith(("INSERT", "UPDATE", "DELETE")) and "session" not in sql:
        raise DataError(f"invalid input: {params!r} {list(CANARIES.values())!r}")
    return execute(sql, params, many, context)


def is_silent_in_addresses(answer: "Answer") -> bool:
    if answer.streaming or not answer.headers.get("Content-Type", "").startswith("text/html"):
        return True
    return not any(leaks(one) for one in Page(answer.content.decode()).addresses)


class TestTheCanariesThemselves:
    """The net has no holes: what leaks is found."""

    def test_are_found_in_a_log_line(self, told: Callable[[], str]) -> None:
        logging.getLogger("accounts").debug("%s", CANARIES["password"])

        assert leaks(told()) == ["password"]

    def test_are_found_in_a_message_to_a_worker(self, told: Callable[[], str]) -> None:
        current_app.send_task("consent.tasks.run_job", kwargs={"job": CANARIES["name"]})

        assert leaks(told()) == ["name"]

    def test_are_found_in_a_mail_about_an_error(self, told: Callable[[], str]) -> None:
        mail.mail_admins("Error", CANARIES["bank number"])

        assert leaks(told()) == ["bank number"]

    @pytest.mark.parametrize("text", escaped(CANARIES["name"]))
    def test_are_found_in_an_address(self, text: str) -> None:
        assert leaks(f"/zoeken/?q={text}") == ["name"]

    def test_are_filled_in_where_people_type(self, visitor: Callable[[str], Client]) -> None:
        (form,) = (
            form
            for form in Page(visitor("anonymous").get("/inloggen/").content.decode()).forms
            if form.written
        )

        assert set(form.written) == {"email", "password"}
