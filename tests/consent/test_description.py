"""The OpenAPI description tells all of it: every address, and every error that somebody can get."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts import tokens
from accounts.models import DataSubject, ServiceClient
from config import problems
from consent.api import views
from tests.test_role_matrix import every_pattern

pytestmark = pytest.mark.django_db

METHODS = ("get", "post", "put", "patch", "delete", "options")
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TILES = {"{level}": "0", "{name}": "000"}
# Whatever a caller can get wrong that has nothing to do with one address.
WRONG: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no JSON": {"data": b"{", "content_type": JSON},
    "no question": {"data": b"{}", "content_type": JSON},
    "another type": {"data": b"a=b", "content_type": "text/csv"},
    "a form": {"data": b"grant_type=client_credentials", "content_type": FORM},
    "a proof that is none": {
        "data": b"grant_type=client_credentials&client_assertion=x&client_assertion_type="
        b"urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "content_type": FORM,
    },
    "a page, please": {"HTTP_ACCEPT": "text/html"},
    "no length": {"CONTENT_LENGTH": "-1"},
    "too much": {"data": b" " * (1024 * 1024 + 1), "content_type": JSON},
    "another host": {"HTTP_HOST": "elsewhere.example"},
    "no token": {"data": b"{}", "content_type": JSON, "HTTP_AUTHORIZATION": "Bearer x"},
}


@pytest.fixture
def system() -> Client:
    """A system that keeps nothing: no page, no cookie, no exception of ours."""
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


@pytest.fixture
def described(system: Client) -> dict[str, Any]:
    found: dict[str, Any] = system.get(reverse("openapi")).json()
    return found


def check(answer: Any, described: dict[str, Any], *, path: str, method: str) -> None:
    """Compare an answer with what the description says of it."""
    operations = described["paths"][path]
    operation = operations.get(method, next(iter(operations.values())))
    status = str(answer.status_code)
    assert status in operation["responses"], (path, method, status)
    declared = operation["responses"][status]
    kind = answer.headers["Content-Type"].split(";")[0]
    assert kind in declared["content"], (path, method, status, kind)
    assert set(declared["headers"]) - {"X-Request-ID"} <= set(answer.headers), (path, status)
    if "$ref" in (schema := declared["content"][kind].get("schema", {})):
        jsonschema.validate(json.loads(answer.content), {**described, **schema})


def addresses() -> Iterator[str]:
    for pattern in every_pattern():
        address = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        is_for_browsers = pattern.name == "well-known-change-password"
        if problems.is_api(RequestFactory().get(address)) and not is_for_browsers:
            yield address


class TestDescription:
    def test_has_every_address_and_no_other(self, described: dict[str, Any]) -> None:
        assert sorted(addresses()) == sorted(described["paths"])

    def test_says_where_the_api_is(self, described: dict[str, Any]) -> None:
        assert described["servers"] == [{"url": "http://127.0.0.1:8000"}]

    def test_gives_every_error_the_same_shape(self, described: dict[str, Any]) -> None:
        for path, operations in described["paths"].items():
            for operation in operations.values():
                assert {"$ref": "#/components/parameters/RequestId"} in operation["parameters"]
                for status, answer in operation["responses"].items():
                    assert answer["description"], (path, status)
                    assert {"API-Version", "X-Request-ID"} <= set(answer["headers"])
                    is_problem = "application/problem+json" in answer["content"]
                    assert is_problem is (status >= "400"), (path, status)

    @pytest.mark.parametrize("wrong", WRONG)
    def test_knows_every_error_that_a_caller_can_make(
        self, system: Client, described: dict[str, Any], lekdetectie: ServiceClient, wrong: str
    ) -> None:
        token = tokens.issue(client_id="lekdetectie", scopes=["consent:check"], at=timezone.now())
        sent = {"HTTP_AUTHORIZATION": f"Bearer {token}", **WRONG[wrong]}
        for path in described["paths"]:
            address = path
            for name, value in TILES.items():
                address = address.replace(name, value)
            for method in METHODS:
                answer = system.generic(method.upper(), address, **sent)
                if (method, answer.status_code) != ("options", 200):
                    check(answer, described, path=path, method=method)

    def test_knows_a_client_that_asks_too_often(
        self,
        system: Client,
        described: dict[str, Any],
        lekdetectie: ServiceClient,
        settings: Settings,
    ) -> None:
        settings.CLIENT_RATE, settings.CLIENT_BURST = 1, 1
        token = tokens.issue(client_id="lekdetectie", scopes=["consent:check"], at=timezone.now())
        sent: dict[str, Any] = {
            "data": b"{}",
            "content_type": JSON,
            "HTTP_AUTHORIZATION": f"Bearer {token}",
        }
        system.generic("POST", reverse("evaluation"), **sent)

        answer = system.generic("POST", reverse("evaluation"), **sent)

        assert answer.status_code == 429
        check(answer, described, path=reverse("evaluation"), method="post")

    def test_knows_a_token_without_the_scope(
        self, system: Client, described: dict[str, Any], lekdetectie: ServiceClient
    ) -> None:
        token = tokens.issue(client_id="lekdetectie", scopes=[], at=timezone.now())

        answer = system.post(reverse("evaluation"), headers={"Authorization": f"Bearer {token}"})

        assert answer.status_code == 403
        check(answer, described, path=reverse("evaluation"), method="post")

    def test_knows_a_fault_of_ours(
        self,
        system: Client,
        described: dict[str, Any],
        anna: DataSubject,
        lekdetectie: ServiceClient,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delattr(views, "decide_access")
        token = tokens.issue(client_id="lekdetectie", scopes=["consent:check"], at=timezone.now())
        question = {
            "subject": {"type": "service", "id": "lekdetectie"},
            "action": {"name": "lekwaarschuwing"},
            "resource": {"type": "data_subject", "id": "VW-1"},
        }

        answer = system.post(
            reverse("evaluation"),
            question,
            content_type=JSON,
            headers={"Authorization": f"Bearer {token}"},
        )

        assert answer.status_code == 500
        check(answer, described, path=reverse("evaluation"), method="post")
