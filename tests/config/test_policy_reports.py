"""A page that asked for more than its policy allows is told of once, and without what was in its address."""

import json
import logging
from collections.abc import Iterator

import pytest
from django.test import Client

from config import policy_reports

pytestmark = pytest.mark.django_db
ADDRESS = "/beleid/melding"


@pytest.fixture(autouse=True)
def _nothing_told() -> Iterator[None]:
    policy_reports._TOLD.clear()
    yield
    policy_reports._TOLD.clear()


def report(client: Client, *, directive: object = "script-src-elem", page: object = "") -> int:
    told = {"violated-directive": directive, "document-uri": page, "blocked-uri": "kanarie"}
    sent = {"csp-report": told}
    answer = client.post(ADDRESS, json.dumps(sent), content_type="application/csp-report")
    return answer.status_code


class TestReport:
    def test_is_told_once(self, client: Client, caplog: pytest.LogCaptureFixture) -> None:
        for _ in range(3):
            report(client, page="https://regie.example/toestemmingen/kanarie/?kanarie=1#kanarie")

        (said,) = (one for one in caplog.records if one.name == "config.policy_reports")
        assert said.levelno == logging.WARNING
        assert said.getMessage() == (
            "A browser met script-src-elem on the page /toestemmingen/<slug:slug>/."
        )

    @pytest.mark.parametrize(
        ("directive", "page"),
        [
            ("script-src", "https://kwaad.example/nergens/"),
            ("script-src", 4),
            ("", "https://regie.example/privacy/"),
            ("\nERROR forged", "https://regie.example/privacy/"),
            ("script-src", "x" * 9000),
        ],
    )
    def test_of_anything_else_is_not_told(
        self,
        client: Client,
        caplog: pytest.LogCaptureFixture,
        directive: object,
        page: object,
    ) -> None:
        assert report(client, directive=directive, page=page) == 204
        assert "A browser met" not in caplog.text

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b"{", b"[" * 5000, b'{"csp-report": 1}', b"\xff"]
    )
    def test_may_be_nonsense(self, client: Client, body: bytes) -> None:
        answer = client.post(ADDRESS, body, content_type="application/csp-report")

        assert answer.status_code == 204
        assert not answer.cookies

    def test_does_not_fill_the_log(self, client: Client, caplog: pytest.LogCaptureFixture) -> None:
        for number in range(120):
            name = "".join(chr(ord("a") + int(digit)) for digit in str(number))
            report(client, directive=f"x-{name}", page="/privacy/")

        assert caplog.text.count("A browser met") == policy_reports._MOST_TOLD
