"""The contract of the consent API, held against the schemas and certification cases of OpenID AuthZEN 1.0."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import tokens
from accounts.models import DataSubject, ServiceClient
from consent import operations
from consent.models import Purpose

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "authzen"
URL = "/access/v1/evaluation"
REQUEST = json.loads((VECTORS / "evaluation-request.schema.json").read_text())
RESPONSE = json.loads((VECTORS / "evaluation-response.schema.json").read_text())
CASES = [
    case
    for case in json.loads((VECTORS / "certification-cases.json").read_text())["cases"]
    if case["endpoint"] == URL and "request" in case
]


@pytest.fixture
def bearer(lekdetectie: ServiceClient) -> str:
    return "Bearer " + tokens.issue(
        client_id=lekdetectie.client_id, scopes=["consent:check"], at=timezone.now()
    )


def question(**changes: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "service", "id": "lekdetectie"},
        "action": {"name": "lekwaarschuwing"},
        "resource": {
            "type": "data_subject",
            "id": "VW-0000001",
            "properties": {"dataCategory": "usage"},
        },
    } | changes


def post(client: Client, body: Any, bearer: str, **extra: Any) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": bearer} if bearer else {}
    return client.post(
        URL,
        data=content,
        content_type=extra.pop("content_type", "application/json"),
        headers=headers | extra,
    )


class TestEvaluation:
    def test_answers_in_the_shape_of_the_standard(
        self, client: Client, anna: DataSubject, leak_warning: Purpose, bearer: str
    ) -> None:
        operations.record_choices(
            subject=anna,
            purpose="lekwaarschuwing",
            choices={"usage": True, "household": False},
            notice_number=1,
            language="nl",
            at=timezone.now(),
        )
        jsonschema.validate(question(), REQUEST)

        response = post(client, question(), bearer)

        assert response.status_code == 200, response.content
        answer = response.json()
        jsonschema.validate(answer, RESPONSE)
        assert answer["decision"] is True
        assert answer["context"]["reason"] == "consent-given"
        assert answer["context"]["purpose"] == "lekwaarschuwing"
        assert answer["context"]["noticeVersion"] == 1
        assert answer["context"]["validUntil"].endswith("Z")

    def test_a_no_is_an_answer(self, client: Client, anna: DataSubject, bearer: str) -> None:
        response = post(client, question(), bearer)

        assert response.status_code == 200
        assert response.json()["decision"] is False
        assert response.json()["context"]["validUntil"] is None

    def test_an_unknown_person_gets_the_same_bytes_as_one_who_never_chose(
        self, client: Client, anna: DataSubject, bearer: str
    ) -> None:
        unknown = question(
            resource={
                "type": "data_subject",
                "id": "VW-9999999",
                "properties": {"dataCategory": "usage"},
            }
        )

        known, other = post(client, question(), bearer), post(client, unknown, bearer)

        assert known.content == other.content
        # How often this service may still ask says nothing about whom it asked.
        told = [dict(answer.headers, RateLimit="") for answer in (known, other)]
        assert told[0] == told[1]

    def test_an_unknown_person_costs_as_many_questions_as_one_who_never_chose(
        self, client: Client, anna: DataSubject, bearer: str
    ) -> None:
        post(client, question(), bearer)  # whatever is kept in memory is kept now
        asked = {}
        for reference in ("VW-0000001", "VW-9999999", "", "x" * 300):
            resource = {**question()["resource"], "id": reference}
            with CaptureQueriesContext(connection) as queries:
                answer = post(client, question(resource=resource), bearer)
            asked[reference] = (
                answer.status_code,
                answer.content,
                {name: told for name, told in answer.headers.items() if name != "RateLimit"},
                len(queries),
            )

        assert asked["VW-9999999"] == asked["VW-0000001"]
        assert len({str(asked[one]) for one in asked if asked[one][0] == 200}) == 1

    @pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['section']} {case['label']}")
    def test_treats_the_certification_cases_as_asked(
        self, client: Client, bearer: str, case: dict[str, Any]
    ) -> None:
        response = post(client, case["request"], bearer)

        assert response.status_code == case["expect_status"], response.content
        if response.status_code == 200:
            jsonschema.validate(response.json(), RESPONSE)
        else:
            assert response["Content-Type"] == "application/problem+json"


class TestProblems:
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"", "application/json"),
            (b"{", "application/json"),
            (b"[]", "application/json"),
            (b"\xff\xfe", "application/json"),
            (b"null", "application/json"),
            (b"a=b", "application/x-www-form-urlencoded"),
            (b"{}", "text/plain"),
        ],
    )
    def test_a_body_that_is_no_question_is_a_bad_request(
        self, client: Client, bearer: str, body: bytes, content_type: str
    ) -> None:
        response = post(client, body, bearer, content_type=content_type)

        assert response.status_code == 400, response.content
        problem = response.json()
        assert response["Content-Type"] == "application/problem+json"
        assert {"type", "title", "status", "detail"} <= problem.keys()
        assert problem["status"] == 400

    def test_all_faults_are_named_at_once(self, client: Client, bearer: str) -> None:
        response = post(client, {"subject": {}, "action": {"name": 1}}, bearer)

        named = json.dumps(response.json()["errors"])
        for field in ("subject", "action", "resource", "type", "id", "name"):
            assert field in named

    def test_no_token_is_refused_with_a_hint(
        self, client: Client, lekdetectie: ServiceClient
    ) -> None:
        response = post(client, question(), "")

        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert response["Content-Type"] == "application/problem+json"

    def test_a_token_without_the_scope_is_refused(
        self, client: Client, lekdetectie: ServiceClient
    ) -> None:
        token = tokens.issue(client_id="lekdetectie", scopes=[], at=timezone.now())

        assert post(client, question(), f"Bearer {token}").status_code == 403

    def test_a_scope_that_was_taken_away_no_longer_works(
        self, client: Client, bearer: str, lekdetectie: ServiceClient
    ) -> None:
        ServiceClient.objects.update(scopes=[])

        assert post(client, question(), bearer).status_code == 403

    def test_another_method_is_told_which_one_works_before_a_token_is_asked_for(
        self, client: Client
    ) -> None:
        response = client.get(URL)

        assert response.status_code == 405
        assert "POST" in response["Allow"]
        assert response["Content-Type"] == "application/problem+json"

    def test_a_body_over_one_megabyte_is_refused(self, client: Client, bearer: str) -> None:
        response = post(client, b" " * (1024 * 1024 + 1), bearer)

        assert response.status_code == 413
        assert response["Content-Type"] == "application/problem+json"

    def test_a_trailing_slash_is_another_address(self, client: Client, bearer: str) -> None:
        response = client.post(URL + "/", headers={"Authorization": bearer})

        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"
