"""Where to report a weakness in an installation (RFC 9116)."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from config.checks import security_contact_is_an_address

ADDRESS = "/.well-known/security.txt"
pytestmark = pytest.mark.django_db


class TestSecurityTxt:
    def test_is_not_there_without_an_address(self, client: Client) -> None:
        assert client.get(ADDRESS).status_code == 404

    def test_names_the_address_and_how_long_it_counts(
        self, client: Client, settings: Settings
    ) -> None:
        settings.SECURITY_CONTACT = "mailto:security@vechtwater.example"

        with time_machine.travel(datetime(2026, 11, 25, 23, 59, 59, tzinfo=UTC), tick=False):
            answer = client.get(ADDRESS)

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.content.decode() == (
            "Contact: mailto:security@vechtwater.example\n"
            "Expires: 2027-11-25T00:00:00Z\n"
            "Preferred-Languages: nl, en\n"
            "Canonical: http://127.0.0.1:8000/.well-known/security.txt\n"
        )

    @pytest.mark.parametrize("contact", ["", "mailto:a@b.example", "https://b.example/meld"])
    def test_takes_an_address_of_mail_or_a_form(self, settings: Settings, contact: str) -> None:
        settings.SECURITY_CONTACT = contact

        assert security_contact_is_an_address() == []

    @pytest.mark.parametrize(
        "contact", ["security@b.example", "http://b.example", "mailto:", "mailto:a\nPolicy: x"]
    )
    def test_takes_nothing_else(self, settings: Settings, contact: str) -> None:
        settings.SECURITY_CONTACT = contact

        [error] = security_contact_is_an_address()
        assert error.id == "regie.E020"
