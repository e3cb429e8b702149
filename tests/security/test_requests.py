"""Requests that another site, another host name or another program makes in someone's name lead nowhere (T19, T21, T24)."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse
from kombu.exceptions import ContentDisallowed
from kombu.serialization import dumps, loads
from pytest_django import Settings

from accounts.models import DataSubject
from audit.models import LogEntry
from consent import tasks
from consent.models import ConsentRecord, DismissedQuestion, Job, Purpose
from tests.accounts.steps import give_password, user_of
from tests.consent.test_messages import choose
from tests.test_role_matrix import MATRIX, VISITORS, visitor
from tests.visitors import client_of

__all__ = ["visitor"]
pytestmark = pytest.mark.django_db

ELSEWHERE = (
    "https://kwaad.example/",
    "http:kwaad.example",
    "//kwaad.example",
    "//kwaad.example/mijn-gegevens/",
    "///kwaad.example/",
    "////kwaad.example/mijn-gegevens/",
    "/\\kwaad.example",
    "\\\\kwaad.example/",
    "/%09/kwaad.example",
    "/\t/kwaad.example",
    "\t//kwaad.example",
    " //kwaad.example",
    "\x00//kwaad.example",
    "https:\\\\kwaad.example",
    "https://testserver@kwaad.example/",
    "https://testserver:pw@kwaad.example/",
    "https://kwaad.example#@testserver/",
    "https://kwaad.example\\@testserver/",
    "//testserver.kwaad.example/",
    "https://testserver.kwaad.example/",
    "//kwaad\u3002example/",
    "\u2215\u2215kwaad.example",
    "\uff0f\uff0fkwaad.example",
    "https://\u212bwaad.example/",
    "//[::ffff:192.0.2.1]/",
    "//[kwaad/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "/mijn-gegevens/\r\nLocation: https://kwaad.example",
    "ftp://kwaad.example/",
)


def leads_elsewhere(location: str) -> bool:
    """Return whether a browser that is here would go to another host, or run something."""
    seen = re.sub(r"[\t\r\n]", "", location).strip("\x00 ").replace("\\", "/")
    return seen.startswith("//") or bool(re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", seen))


class TestNextPage:
    """T21. What is in an address is where somebody else wants you to go."""

    @pytest.mark.parametrize("address", ELSEWHERE)
    def test_of_the_language_is_here(self, address: str) -> None:
        client = Client()
        for sent in ({"next": address}, {}):
            answer = client.post(
                "/taal/", {"language": "en", **sent}, headers={"Referer": _in_a_header(address)}
            )
            assert not leads_elsewhere(answer.headers["Location"])

    @pytest.mark.parametrize("address", ELSEWHERE)
    def test_of_confirming_who_you_are_is_here(
        self, visitor: Callable[[str], Client], address: str
    ) -> None:
        page = visitor("customer").get("/bevestigen/", {"next": address})

        fields = re.findall(r'name="next" value="([^"]*)"', page.content.decode())
        assert page.status_code == 200
        assert [field for field in fields if leads_elsewhere(unescape(field))] == []

    @pytest.mark.parametrize("address", ELSEWHERE)
    def test_of_logging_in_is_here(self, anna: DataSubject, address: str) -> None:
        client = Client()
        give_password(client, next_page=address)

        assert "kwaad" not in str(client.session["pending_log_in"])

    @pytest.mark.parametrize("address", ELSEWHERE)
    def test_of_who_is_sent_to_log_in_is_here(self, address: str) -> None:
        request = RequestFactory().get("/mijn-gegevens/", {"next": address})

        location = Client().get(request.get_full_path()).headers["Location"]

        assert location.startswith("/inloggen/?next=%2Fmijn-gegevens%2F")

    @pytest.mark.parametrize("address", ELSEWHERE)
    def test_the_list_is_of_addresses_elsewhere(self, address: str) -> None:
        looks_local = ("/%09/", "\u2215", "\uff0f", "/mijn-gegevens/")

        assert leads_elsewhere(address) or address.startswith(looks_local)


def _in_a_header(text: str) -> str:
    return re.sub(r"[\r\n\x00]", "", text).encode("ascii", "replace").decode()


class TestForgedForm:
    """T19. Another site can send a form with the cookies of who visits it; it cannot know the token."""

    @pytest.mark.parametrize("who", ["customer", "officer", "desk", "admin", "halfway"])
    def test_is_refused_and_changes_nothing(
        self, visitor: Callable[[str], Client], who: str
    ) -> None:
        client = visitor(who)
        forging = Client(enforce_csrf_checks=True)
        forging.cookies = client.cookies
        before = states()

        for name, row in MATRIX.items():
            if row.anonymous in {401, 400} or name in WITHOUT_A_FORM:
                continue
            address = reverse(name, args=row.arguments)
            for method in ("post", "put", "patch", "delete"):
                answer = getattr(forging, method)(address, {"choice-usage": "yes", "notice": "1"})
                assert answer.status_code in {403, 405}, (name, method)
        assert states() == before

    def test_of_another_origin_is_refused_though_it_has_the_token(self, settings: Settings) -> None:
        client = Client(enforce_csrf_checks=True)
        page = client.get("/inloggen/", secure=True).content.decode()
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
        sent = {"csrfmiddlewaretoken": token, "language": "en"}

        for origin in ("https://kwaad.example", "null", "http://testserver"):
            answer = client.post("/taal/", sent, secure=True, headers={"Origin": origin})
            assert answer.status_code == 403, origin
        answer = client.post(
            "/taal/", sent, secure=True, headers={"Referer": "https://testserver/"}
        )
        assert answer.status_code == 302

    def test_is_of_no_use_to_the_api_which_knows_no_cookies(
        self, visitor: Callable[[str], Client]
    ) -> None:
        for who in VISITORS:
            client = visitor(who)
            client.defaults.pop("HTTP_AUTHORIZATION", None)

            answer = client.post("/access/v1/evaluation", {}, content_type="application/json")

            assert answer.status_code == 401, who
            assert not answer.cookies


# Addresses to read; the rest of those that take no form of ours authenticate with a token of their own.
WITHOUT_A_FORM = {
    *("jwks", "oauth-metadata", "openapi", "checkpoint", "vkey", "tile", "bundle", "healthz"),
    *(
        "policy",
        "security-txt",
        "well-known-change-password",
        "token",
        "evaluation",
        "policy-report",
    ),
}


def states() -> tuple[int, ...]:
    return tuple(
        model.objects.count() for model in (ConsentRecord, DismissedQuestion, Job, LogEntry)
    )


class TestHostName:
    """T24. Who asks chooses the host name of the request; it gets into no link."""

    HOSTS = ("www.vechtwater.example", "kwaad.example")

    @pytest.fixture(autouse=True)
    def _several_names(self, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["*"]
        settings.PUBLIC_BASE_URL = "https://regie.vechtwater.example"
        settings.SECURITY_CONTACT = "mailto:security@vechtwater.example"

    @pytest.mark.parametrize("host", HOSTS)
    @pytest.mark.parametrize(
        "address",
        [
            "/.well-known/security.txt",
            "/.well-known/oauth-authorization-server",
            "/.well-known/change-password",
            "/api/v1/openapi.json",
            "/inloggen/",
            "/mijn-gegevens/",
            "/mijn-gegevens",
        ],
    )
    def test_is_in_no_answer(self, leak_warning: Purpose, host: str, address: str) -> None:
        answer = Client().get(address, headers={"Host": host, "X-Forwarded-Host": host})

        assert host not in answer.content.decode()
        assert host not in str(answer.headers)

    def test_is_in_no_mail(self, anna: DataSubject, leak_warning: Purpose) -> None:
        client = client_of(user_of(anna))
        for name in ("Host", "X-Forwarded-Host", "Forwarded"):
            client.get("/toestemmingen/", headers={name: "kwaad.example"})
        choose(anna)
        tasks.send_messages()

        assert mail.outbox
        for sent in mail.outbox:
            assert "kwaad" not in str(sent.message())
            assert not re.search(r"https?://(?!regie\.vechtwater|vechtwater)", str(sent.body))

    def test_is_compared_at_most_by_code_of_ours(self) -> None:
        asking = re.compile(
            r"build_absolute_uri|get_host\((?!\) ==)|HTTP_HOST|get_current_site|SERVER_NAME"
        )

        assert [str(path) for path in sources() if asking.search(path.read_text("utf-8"))] == []
        assert not settings.USE_X_FORWARDED_HOST


def sources() -> Iterator[Path]:
    for app in ("accounts", "audit", "config", "consent"):
        yield from (settings.BASE_DIR / app).rglob("*.py")
    yield from (settings.BASE_DIR / "templates").rglob("*.*")


class TestMessageToWorker:
    """Celery trusts what the broker gives it: JSON is all that it may be (CVE-2021-23727)."""

    def test_celery_json_only(self) -> None:
        configured = current_app.conf

        assert configured.task_serializer == "json"
        assert set(configured.accept_content) == {"json"}
        assert configured.task_ignore_result
        assert not configured.result_backend

    @pytest.mark.parametrize("form", ["pickle", "yaml"])
    def test_of_another_form_is_refused(self, form: str) -> None:
        kind, alphabet, body = (
            dumps({"job": "x"}, serializer=form)
            if form == "pickle"
            else ("application/x-yaml", "utf-8", b"job: x")
        )

        with pytest.raises(ContentDisallowed):
            loads(body, kind, alphabet, accept=current_app.conf.accept_content)

    def test_names_rows_only(self) -> None:
        for name, task in current_app.tasks.items():
            if not name.startswith("celery."):
                arguments = set(task.run.__annotations__) - {"return", "_later"}
                assert arguments <= {"job"}, name
