"""What holds for every answer: headers, and Dutch until somebody chooses otherwise."""

from collections.abc import Mapping
from contextlib import closing

import pytest
from django.test import Client

# The end of a request looks after the connection to the database, if an earlier test left one.
pytestmark = [pytest.mark.urls("tests.config.urls"), pytest.mark.django_db]

ADDRESSES = ["/nowhere", "/api/nowhere", "/pages/fail/bad", "/pages/fail/unplanned", "/api/fail/busy", "/static/css/app.css"]  # fmt: skip


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def headers_of(visitor: Client, address: str) -> Mapping[str, str]:
    with closing(visitor.get(address)) as answer:  # a static file is open until it is closed
        headers: Mapping[str, str] = answer.headers
        return headers


class TestSecurityHeaders:
    @pytest.mark.parametrize("address", ADDRESSES)
    def test_are_on_every_answer(self, visitor: Client, address: str) -> None:
        headers = headers_of(visitor, address)

        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_allow_nothing_inline_and_nothing_from_elsewhere(
        self, visitor: Client, address: str
    ) -> None:
        policy = headers_of(visitor, address)["Content-Security-Policy"]

        directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert directives.pop("default-src") == "'none'"
        assert directives.pop("img-src") == "'self' data:"
        assert directives.pop("base-uri") == directives.pop("frame-ancestors") == "'none'"
        assert directives.pop("object-src") == "'none'"
        assert directives.pop("report-uri") == "/beleid/melding"
        assert set(directives.values()) == {"'self'"}

    @pytest.mark.parametrize("address", ADDRESSES[:-1])
    def test_keep_answers_out_of_every_cache(self, visitor: Client, address: str) -> None:
        assert headers_of(visitor, address)["Cache-Control"] == "no-store"

    def test_let_a_browser_keep_static_files(self, visitor: Client) -> None:
        assert "max-age" in headers_of(visitor, "/static/css/app.css")["Cache-Control"]


class TestApiVersion:
    def test_is_named_below_the_api_only(self, visitor: Client) -> None:
        assert visitor.get("/api/fail/busy").headers["API-Version"] == "0.1.0"
        assert "API-Version" not in visitor.get("/nowhere").headers


class TestRequestId:
    @pytest.mark.parametrize("name", ["abc-123", "!", "~" * 128])
    @pytest.mark.parametrize("address", ["/api/fail/busy", "/api/nowhere", "/api/fail/unplanned"])
    def test_is_sent_back_in_every_answer_of_the_api(
        self, visitor: Client, address: str, name: str
    ) -> None:
        assert visitor.get(address, headers={"X-Request-ID": name}).headers["X-Request-ID"] == name

    def test_is_sent_back_when_the_body_is_refused_unread(self, visitor: Client) -> None:
        answer = visitor.post("/api/ask", CONTENT_LENGTH="-1", headers={"X-Request-ID": "abc"})

        assert answer.status_code == 400
        assert answer.headers["X-Request-ID"] == "abc"

    @pytest.mark.parametrize("name", ["", "two words", "~" * 129, "caf\u00e9", "a\tb"])
    def test_of_another_form_is_dropped(self, visitor: Client, name: str) -> None:
        answer = visitor.get("/api/nowhere", headers={"X-Request-ID": name})

        assert "X-Request-ID" not in answer.headers

    def test_of_one_caller_never_gets_into_a_cache(self, visitor: Client) -> None:
        answer = visitor.get("/api/fail/kept", headers={"X-Request-ID": "abc"})

        assert "public" in answer.headers["Cache-Control"]
        assert "X-Request-ID" not in answer.headers

    def test_is_of_no_use_to_a_page(self, visitor: Client) -> None:
        answer = visitor.get("/nowhere", headers={"X-Request-ID": "abc"})

        assert "X-Request-ID" not in answer.headers


class TestLanguage:
    def test_is_dutch_whatever_the_browser_prefers(self, visitor: Client) -> None:
        answer = visitor.get("/nowhere", headers={"Accept-Language": "en-GB,en;q=0.9"})

        assert answer.headers["Content-Language"] == "nl"
        assert b'<html lang="nl">' in answer.content

    def test_is_what_the_visitor_chose(self, visitor: Client) -> None:
        visitor.cookies["language"] = "en"

        answer = visitor.get("/nowhere")

        assert answer.headers["Content-Language"] == "en"
        assert b"This page does not exist" in answer.content

    @pytest.mark.parametrize("nonsense", ["xx", "", "../../etc", "EN"])
    def test_stays_dutch_when_the_choice_is_unknown(self, visitor: Client, nonsense: str) -> None:
        visitor.cookies["language"] = nonsense

        assert visitor.get("/nowhere").headers["Content-Language"] == "nl"

    def test_of_one_visitor_does_not_reach_the_next(self, visitor: Client) -> None:
        visitor.cookies["language"] = "en"
        visitor.get("/nowhere")

        assert Client().get("/nowhere").headers["Content-Language"] == "nl"

    def test_of_the_api_is_english(self, visitor: Client) -> None:
        assert visitor.get("/api/nowhere").headers["Content-Language"] == "en"
