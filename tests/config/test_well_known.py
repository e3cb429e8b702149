"""Addresses that programs look for at every site (RFC 8615)."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


class TestChangePassword:
    def test_leads_a_password_manager_to_the_page(self, client: Client) -> None:
        answer = client.get("/.well-known/change-password")

        assert answer.status_code == 302
        assert answer.headers["Location"] == "/beveiliging/wachtwoord/"

    def test_can_be_told_from_what_is_not_there(self, client: Client) -> None:
        """A password manager first asks for this one, and believes nothing of a site that has everything."""
        name = "resource-that-should-not-exist-whose-status-code-should-not-be-200"

        assert client.get(f"/.well-known/{name}").status_code == 404

    @pytest.mark.parametrize("method", ["post", "put", "delete"])
    def test_changes_nothing(self, client: Client, method: str) -> None:
        assert getattr(client, method)("/.well-known/change-password").status_code == 405
