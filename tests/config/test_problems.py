"""What a system gets when something is wrong: always a problem (RFC 9457) that says what to do."""

import json
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.test.utils import override_settings

pytestmark = pytest.mark.urls("tests.config.urls")

# RFC 9457, with the members that the NL API Design Rules require; `code` is ours.
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "minLength": 1},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "minLength": 20},
        "code": {"type": "string", "pattern": "^[a-z-]+$"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail", "code"],
                "properties": {"pointer": {"type": "string", "pattern": "^#(/[^/]+)*$"}},
            },
        },
        "violated-policies": {"const": ["client"]},
    },
    "additionalProperties": False,
}


@pytest.fixture
def system() -> Client:
    return Client(raise_request_exception=False)


def problem_in(response: Any, *, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response["API-Version"] == "0.1.0"
    assert response["Cache-Control"] == "no-store"
    body: dict[str, Any] = json.loads(response.content)
    jsonschema.validate(body, PROBLEM)
    assert body["status"] == status
    return body


class TestProblem:
    @pytest.mark.parametrize(
        ("kind", "status", "code"),
        [
            ("busy", 429, "throttled"),
            ("forbidden", 403, "permission-denied"),
            ("missing", 404, "not-found"),
            ("not-acceptable", 406, "not-acceptable"),
            ("outdated", 409, "notice-outdated"),
            ("own-words", 403, "permission-denied"),
            ("too-big", 413, "request-entity-too-large"),
            ("unknown-caller", 403, "not-authenticated"),
            ("unplanned", 500, "internal-server-error"),
        ],
    )
    def test_answers_what_an_api_view_raises(
        self, system: Client, kind: str, status: int, code: str
    ) -> None:
        body = problem_in(system.get(f"/api/fail/{kind}"), status=status)

        assert body["code"] == code
        assert "Lovelace" not in json.dumps(body)

    @pytest.mark.parametrize(
        ("kind", "status"), [("bad", 400), ("forbidden", 403), ("missing", 404), ("too-big", 413)]
    )
    def test_answers_what_a_plain_view_raises(self, system: Client, kind: str, status: int) -> None:
        body = problem_in(system.get(f"/api/plain/fail/{kind}"), status=status)

        assert "Lovelace" not in json.dumps(body)

    def test_tells_nothing_about_a_fault_of_ours(self, system: Client) -> None:
        response = system.get("/api/plain/fail/unplanned")

        assert "Try again later" in problem_in(response, status=500)["detail"]
        assert b"Lovelace" not in response.content

    def test_keeps_the_words_of_who_raised_it(self, system: Client) -> None:
        body = problem_in(system.get("/api/fail/own-words"), status=403)

        assert body["detail"] == "The token lacks the scope `consent:check`."

    def test_says_how_long_to_wait(self, system: Client) -> None:
        assert system.get("/api/fail/busy")["Retry-After"] == "7"

    @pytest.mark.parametrize(
        "address", ["/api", "/api/nowhere", "/oauth/x", "/.well-known/x", "/access/"]
    )
    def test_answers_an_unknown_address(self, system: Client, address: str) -> None:
        body = problem_in(system.get(address), status=404)

        assert "/api/v1/openapi.json" in body["detail"]

    @pytest.mark.parametrize("address", ["/api/ask", "/api/plain/send"])
    def test_names_the_methods_that_are_answered(self, system: Client, address: str) -> None:
        response = system.delete(address)

        assert "Allow" in problem_in(response, status=405)["detail"]
        assert "POST" in response["Allow"]

    def test_asks_for_json(self, system: Client) -> None:
        response = system.post("/api/ask", "number=1", content_type="text/plain")

        assert "application/json" in problem_in(response, status=415)["detail"]

    def test_refuses_a_form_without_a_token_against_forgery(self) -> None:
        careful = Client(enforce_csrf_checks=True)

        problem_in(careful.post("/api/plain/send"), status=403)


class TestInvalidBody:
    @pytest.mark.parametrize(
        "body", ["{", '{"number": NaN}', "\xff", "[" * 100_000, '{"a":' * 100_000]
    )
    def test_that_is_not_json_is_refused(self, system: Client, body: str) -> None:
        sent = body.encode("latin-1")

        answer = problem_in(
            system.post("/api/ask", sent, content_type="application/json"), status=400
        )

        assert answer["code"] == "parse-error"
        assert "not valid JSON" in answer["detail"]

    def test_gets_every_fault_at_once_each_with_its_place(self, system: Client) -> None:
        body = {"number": "three", "inner": {}, "lines": [{"dataCategory": "usage"}, {}]}

        answer = problem_in(
            system.post("/api/ask", body, content_type="application/json"), status=400
        )

        assert [(fault["pointer"], fault["code"]) for fault in answer["errors"]] == [
            ("#/number", "invalid"),
            ("#/inner/dataCategory", "required"),
            ("#/lines/1/dataCategory", "required"),
        ]

    def test_whose_parts_do_not_fit_is_pointed_at_as_a_whole(self, system: Client) -> None:
        body = {"number": 3, "inner": {"dataCategory": "usage"}, "lines": []}

        answer = problem_in(
            system.post("/api/ask", body, content_type="application/json"), status=400
        )

        assert answer["errors"] == [
            {"pointer": "#", "code": "do-not-fit", "detail": "The parts do not fit together."}
        ]

    def test_that_is_a_list_where_an_object_belongs_is_refused(self, system: Client) -> None:
        answer = problem_in(
            system.post("/api/ask", [1, 2], content_type="application/json"), status=400
        )

        assert answer["errors"][0]["pointer"] == "#"


class TestTooLargeBody:
    def test_is_refused_before_it_is_read(self, system: Client) -> None:
        body = b"x" * (1024 * 1024 + 1)

        answer = problem_in(
            system.post("/api/ask", body, content_type="application/json"), status=413
        )

        assert "1 MB" in answer["detail"]

    def test_of_exactly_the_limit_is_read(self, system: Client) -> None:
        body = b"x" * (1024 * 1024)

        response = system.post("/api/plain/send", body, content_type="application/octet-stream")

        assert response.content == b"1048576 bytes"

    def test_with_a_length_that_is_no_number_is_refused(self, system: Client) -> None:
        problem_in(system.post("/api/ask", CONTENT_LENGTH="-1"), status=400)


class TestErrorPage:
    @pytest.mark.parametrize(
        ("kind", "status"),
        [("bad", 400), ("forbidden", 403), ("missing", 404), ("too-big", 413), ("unplanned", 500)],
    )
    def test_answers_a_person_in_dutch_with_a_way_out(
        self, system: Client, kind: str, status: int
    ) -> None:
        response = system.get(f"/pages/fail/{kind}")

        page = response.content.decode()
        assert response.status_code == status
        assert response["Content-Type"] == "text/html; charset=utf-8"
        assert 'lang="nl"' in page
        assert 'href="/"' in page
        assert "Lovelace" not in page

    def test_answers_a_form_that_is_too_large(self, system: Client) -> None:
        response = system.post("/pages/send", {"words": "x" * (1024 * 1024)})

        assert response.status_code == 413
        assert b"<h1>" in response.content

    def test_answers_a_form_without_a_token_against_forgery(self) -> None:
        careful = Client(enforce_csrf_checks=True)

        response = careful.post("/pages/send")

        assert response.status_code == 403
        assert "Deze pagina stond te lang open" in response.content.decode()

    @pytest.mark.parametrize("kind", ["bad", "forbidden", "missing", "too-big", "unplanned"])
    def test_gives_the_number_to_call(self, system: Client, kind: str) -> None:
        with override_settings(HELP_PHONE="0800 1234"):
            response = system.get(f"/pages/fail/{kind}")

        assert "0800 1234" in response.content.decode()
