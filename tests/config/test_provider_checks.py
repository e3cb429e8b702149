"""An installation with half a provider says so before anybody is sent there."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.core.checks import run_checks
from pytest_django import Settings


def pem(key: Any, password: bytes = b"") -> str:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    found: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    return found.decode()


P256, P384 = (ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1()))
SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)


@pytest.fixture
def installation(settings: Settings) -> Settings:
    settings.OIDC_ISSUER = "https://idp.example"
    settings.OIDC_CLIENT_ID, settings.OIDC_NAME = "regie", "DigiD"
    settings.OIDC_CLIENT_SECRET, settings.OIDC_CLIENT_KEY = "s" * 32, ""
    return settings


def found() -> list[str | None]:
    ids = [message.id for message in run_checks(tags=["security"])]
    return [one for one in ids if one and one.startswith("regie.E03")]


class TestProvider:
    def test_that_is_complete_is_quiet(self, installation: Settings) -> None:
        assert found() == []

    def test_that_is_none_is_quiet(self, installation: Settings) -> None:
        installation.OIDC_ISSUER = installation.OIDC_CLIENT_ID = ""

        assert found() == []

    @pytest.mark.parametrize("key", [P256, ed25519.Ed25519PrivateKey.generate()])
    def test_may_know_us_by_a_key(self, installation: Settings, key: Any) -> None:
        installation.OIDC_CLIENT_SECRET, installation.OIDC_CLIENT_KEY = "", pem(key)

        assert found() == []

    @pytest.mark.parametrize(
        ("changes", "number"),
        [
            ({"OIDC_ISSUER": "http://idp.example"}, 30),
            ({"OIDC_ISSUER": "https://idp.example "}, 30),
            ({"OIDC_CLIENT_ID": ""}, 31),
            ({"OIDC_NAME": ""}, 31),
            ({"OIDC_CLIENT_SECRET": ""}, 32),
            ({"OIDC_CLIENT_KEY": pem(P256)}, 32),
            ({"OIDC_CLIENT_SECRET": "", "OIDC_CLIENT_KEY": "x"}, 33),
            ({"OIDC_CLIENT_SECRET": "", "OIDC_CLIENT_KEY": pem(P256, b"geheim")}, 33),
            ({"OIDC_CLIENT_SECRET": "", "OIDC_CLIENT_KEY": pem(P384)}, 33),
            ({"OIDC_CLIENT_SECRET": "", "OIDC_CLIENT_KEY": pem(SMALL)}, 33),
            ({"OIDC_ACR": "https://ander.example/high"}, 34),
        ],
        ids=range(11),
    )
    def test_that_is_not_complete_is_named(
        self, installation: Settings, changes: dict[str, str], number: int
    ) -> None:
        for name, value in changes.items():
            setattr(installation, name, value)

        assert found() == [f"regie.E0{number}"]
