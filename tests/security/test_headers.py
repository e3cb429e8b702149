"""Every answer there is, to every visitor, carries the headers that keep a browser on our side (T18, T20)."""

from collections.abc import Callable, Mapping
from contextlib import closing
from http import HTTPStatus
from http.cookies import Morsel
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from config.middleware import CONTENT_SECURITY_POLICY, HEADERS
from tests.accounts.steps import give_password
from tests.test_role_matrix import MATRIX, VISITORS, visitor

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

__all__ = ["visitor"]  # each of them, with a browser
pytestmark = pytest.mark.django_db

ONE_YEAR = "max-age=31536000; includeSubDomains"
# Signed and the same for everyone: any cache may keep these, and any site may read them.
IN_THE_OPEN = {"checkpoint", "vkey", "policy", "tile", "bundle"}
# What may be kept without being in the open: keys that everyone gets, and nothing of a person.
MAY_BE_KEPT = {"jwks", "oauth-metadata", "openapi"}
LARGEST = 1024 * 1024


@pytest.fixture
def encrypted(settings: Settings) -> None:
    """An installation that people reach over https."""
    settings.IS_HTTPS = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.LANGUAGE_COOKIE_SECURE = settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SECURE_HSTS_SECONDS = 31_536_000


def faults_of(headers: Mapping[str, str], *, name: str = "") -> list[str]:
    """Return the headers that are not as they must be."""
    expected = dict(HEADERS)
    if name in IN_THE_OPEN and headers.get("Access-Control-Allow-Origin") == "*":
        expected["Cross-Origin-Resource-Policy"] = "cross-origin"
        expected["Cache-Control"] = headers["Cache-Control"]
    if name in MAY_BE_KEPT:
        expected["Cache-Control"] = headers["Cache-Control"]
    return [header for header, value in expected.items() if headers.get(header) != value]


class TestPolicy:
    def test_allows_nothing_inline_nothing_evaluated_and_nothing_from_elsewhere(self) -> None:
        directives = dict(part.strip().split(" ", 1) for part in CONTENT_SECURITY_POLICY.split(";"))

        assert "unsafe" not in CONTENT_SECURITY_POLICY
        assert "http" not in CONTENT_SECURITY_POLICY
        assert "*" not in CONTENT_SECURITY_POLICY
        assert directives["default-src"] == directives["base-uri"] == "'none'"
        assert directives["object-src"] == "'none'"
        assert directives["frame-ancestors"] == "'none'"
        assert directives["form-action"] == directives["script-src"] == "'self'"


@pytest.mark.parametrize("name", MATRIX)
class TestEveryAddress:
    def test_has_every_header_for_every_visitor(
        self, visitor: Callable[[str], Client], name: str
    ) -> None:
        row = MATRIX[name]
        address = reverse(name, args=row.arguments)

        for who in VISITORS:
            client = visitor(who)
            answers = [getattr(client, row.method)(address, row.form), client.put(address)]
            for answer in answers:
                assert faults_of(answer.headers, name=name) == [], (who, answer.status_code)
                assert "Server" not in answer.headers
                assert "X-Powered-By" not in answer.headers
                assert is_described(answer)
                assert all(is_guarded(cookie) for cookie in answer.cookies.values()), who

    def test_insists_on_https_once_it_was_used(self, encrypted: None, name: str) -> None:
        address = reverse(name, args=MATRIX[name].arguments)
        client = Client()

        for method in ("get", "post", "put"):
            answer = getattr(client, method)(address, {"language": "en"}, secure=True)
            assert answer.headers["Strict-Transport-Security"] == ONE_YEAR, method
            assert all(cookie["secure"] for cookie in answer.cookies.values()), method

    def test_refuses_a_body_over_the_limit_before_it_is_read(self, name: str) -> None:
        answer = Client().generic(
            "POST", reverse(name, args=MATRIX[name].arguments), b"x" * (LARGEST + 1)
        )

        assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert faults_of(answer.headers) == []


def is_described(answer: "Answer") -> bool:
    """Return whether a body says what it is, and text in which alphabet."""
    kind = answer.headers.get("Content-Type", "")
    return "charset=utf-8" in kind or not kind.startswith("text/") or not answer.content


def is_guarded(cookie: Morsel[str]) -> bool:
    """Return whether no script and no other site gets a cookie; one that is taken away holds nothing."""
    is_kept_from_scripts = bool(cookie["httponly"]) or not cookie.value
    return is_kept_from_scripts and cookie["samesite"] == "Lax" and not cookie["domain"]


class TestOtherAnswers:
    @pytest.mark.parametrize(
        ("address", "status"),
        [
            ("/nowhere", 404),
            ("/mijn-gegevens", 301),  # sent to where the slash is
            ("/api/nowhere", 404),
            ("/.well-known/nowhere", 404),
            ("/static/nowhere.css", 404),
        ],
    )
    def test_have_every_header_where_there_is_nothing(self, address: str, status: int) -> None:
        answer = Client().get(address)

        assert answer.status_code == status
        assert faults_of(answer.headers) == []

    @pytest.mark.parametrize("address", ["/static/css/app.css", "/static/img/mark.svg"])
    def test_have_every_header_around_a_file(self, address: str) -> None:
        with closing(Client().get(address)) as answer:
            assert answer.status_code == 200
            assert faults_of(answer.headers) == ["Cache-Control"]

    @pytest.mark.parametrize("host", ["kwaad.example", "a b", "testserver.kwaad.example", ""])
    def test_have_every_header_under_another_host_name(self, host: str) -> None:
        answer = Client().get("/inloggen/", headers={"Host": host})

        assert answer.status_code == 400
        assert faults_of(answer.headers) == []

    @pytest.mark.parametrize("length", ["-1", "een", "1e9"])
    def test_have_every_header_when_the_length_is_nonsense(self, length: str) -> None:
        answer = Client().post("/inloggen/", CONTENT_LENGTH=length)

        assert answer.status_code == 400
        assert faults_of(answer.headers) == []

    def test_have_every_header_when_someone_tries_too_often(self) -> None:
        client = Client()
        answers = [
            give_password(client, email="niemand@voorbeeld.example", password="verkeerd")
            for _ in range(11)
        ]

        assert answers[-1].status_code == 429
        assert "Retry-After" in answers[-1].headers
        assert faults_of(answers[-1].headers) == []

    def test_have_every_header_without_a_form_of_ours(self) -> None:
        answer = Client(enforce_csrf_checks=True).post("/inloggen/")

        assert answer.status_code == 403
        assert faults_of(answer.headers) == []

    @pytest.mark.urls("tests.config.urls")
    @pytest.mark.parametrize("address", ["/pages/fail/unplanned", "/api/fail/unplanned"])
    def test_have_every_header_when_we_fail(
        self, encrypted: None, settings: Settings, address: str
    ) -> None:
        for debug in (False, True):
            settings.DEBUG = debug
            answer = Client(raise_request_exception=False).get(address, secure=True)

            assert answer.status_code == 500
            assert faults_of(answer.headers) == []
            assert answer.headers["Strict-Transport-Security"] == ONE_YEAR


class TestForms:
    def test_of_more_parts_than_any_of_ours_are_refused(self) -> None:
        answer = Client().post("/inloggen/", {f"part-{number}": "" for number in range(201)})

        assert answer.status_code == 400
