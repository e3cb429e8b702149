"""What an operator types: a first officer, customer and service, and no password where others can see it."""

import getpass
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from django.core.management import CommandError, call_command
from django.test import Client
from jwt.algorithms import RSAAlgorithm

from accounts import jwk
from accounts.errors import JwkError
from accounts.models import ClientKey, DataSubject, Role, ServiceClient, User
from accounts.queries import subject_by_reference, user_by_email
from audit.events import Actor, EventKind
from audit.models import LogEntry
from consent.models import Purpose
from tests.accounts.signers import ask, claims, sign
from tests.accounts.steps import give_password
from tests.factories import NOW, PASSWORD

OFFICER = ["add_officer", "carla@vechtwater.example"]
CUSTOMER = ["add_customer", "--reference=VW-1", "--name=mevrouw A. Jansen", "--email=anna@voorbeeld.example"]  # fmt: skip


def run(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a command read a line that another program wrote."""

    def type_in(line: str) -> None:
        monkeypatch.setattr("sys.stdin", StringIO(line))

    type_in(f"{PASSWORD}\n")
    return type_in


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    def answers(*given: str) -> None:
        left = iter(given)
        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(left))

    return answers


@pytest.mark.django_db
@pytest.mark.usefixtures("organisation", "typed")
class TestAddOfficer:
    def test_lets_someone_log_in_and_set_up_the_second_factor(self, client: Client) -> None:
        said = run(*OFFICER)

        found = user_by_email("carla@vechtwater.example")
        assert found is not None
        assert found.role == Role.OFFICER
        assert "can log in as privacy officer" in said
        assert PASSWORD not in said
        assert (
            give_password(client, email="carla@vechtwater.example")
            .headers["Location"]
            .endswith("/instellen/#inhoud")
        )

    def test_says_so_when_the_address_is_in_use(self, typed: Any) -> None:
        run(*OFFICER)
        typed(f"{PASSWORD}\n")

        with pytest.raises(CommandError, match="a login with this e-mail address already"):
            call_command(*OFFICER)

    @pytest.mark.parametrize("nonsense", ["carla", "", "a@b"])
    def test_refuses_what_is_no_address(self, nonsense: str) -> None:
        with pytest.raises(CommandError, match="is not an e-mail address"):
            call_command("add_officer", nonsense)

    @pytest.mark.parametrize(
        ("weak", "words"),
        [
            ("kort\n", "too short. Use at least 15 characters"),
            ("", "too short"),
            ("password12345678\n", "easy to guess"),
        ],
    )
    def test_says_what_is_wrong_with_a_password(self, typed: Any, weak: str, words: str) -> None:
        typed(weak)

        with pytest.raises(CommandError, match=words):
            call_command(*OFFICER)

        assert not User.objects.exists()

    def test_asks_twice_on_a_terminal(self, on_terminal: Any, client: Client) -> None:
        on_terminal(PASSWORD, PASSWORD)

        run(*OFFICER)

        assert give_password(client, email="carla@vechtwater.example").status_code == 302

    def test_changes_nothing_when_the_two_differ(self, on_terminal: Any) -> None:
        on_terminal(PASSWORD, "iets heel anders")

        with pytest.raises(CommandError, match="The two passwords differ"):
            call_command(*OFFICER)

        assert not User.objects.exists()

    def test_takes_no_password_that_others_can_see(self) -> None:
        with pytest.raises((CommandError, TypeError)):
            call_command(*OFFICER, "--password", PASSWORD)


@pytest.mark.django_db
@pytest.mark.usefixtures("organisation", "typed")
class TestAddCustomer:
    def test_makes_a_person_and_a_login(self, client: Client) -> None:
        said = run(*CUSTOMER)

        found = subject_by_reference("vw-1")
        assert found is not None
        assert found.user == user_by_email("anna@voorbeeld.example")
        assert found.user is not None
        assert found.user.role == Role.CUSTOMER
        assert "VW-1 can log in" in said
        assert "Jansen" not in said
        assert give_password(client, email="anna@voorbeeld.example").status_code == 302

    @pytest.mark.parametrize(
        ("other", "words"),
        [
            ("--reference=VW-2", "a login with this e-mail address already"),
            ("--email=bram@voorbeeld.example", "customer number is in use already"),
        ],
    )
    def test_makes_neither_when_one_is_taken(self, typed: Any, other: str, words: str) -> None:
        run(*CUSTOMER)
        typed(f"{PASSWORD}\n")

        with pytest.raises(CommandError, match=words):
            call_command(*CUSTOMER, other)

        assert User.objects.count() == DataSubject.objects.count() == 1

    def test_makes_a_person_without_a_login(self) -> None:
        said = run("add_customer", "--reference=VW-1", "--name=mevrouw A. Jansen")

        found = subject_by_reference("vw-1")
        assert found is not None
        assert found.user is None
        assert "VW-1 is known" in said

    def test_refuses_an_empty_name(self) -> None:
        with pytest.raises(CommandError, match="fill this in"):
            call_command(*CUSTOMER, "--name= ")


def pem(key: Any) -> bytes:
    content: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return content


PRIVATE = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "lekdetectie.pub"
    path.write_bytes(pem(PRIVATE))
    return path


@pytest.fixture
def add_service(leak_warning: Purpose, key_file: Path) -> Any:
    def add(*more: str) -> str:
        return run(
            "add_service",
            "lekdetectie",
            "--recipient=storingsdienst",
            "--scope=consent:check",
            "--purpose=lekwaarschuwing",
            "--kid=2026-a",
            f"--public-key={key_file}",
            *more,
        )

    return add


class TestAddService:
    def test_lets_a_system_get_a_token_with_its_own_key(
        self, add_service: Any, clock: time_machine.Traveller, client: Client
    ) -> None:
        said = add_service()

        assert said == (
            "lekdetectie may ask about lekwaarschuwing. Its key 2026-a counts until 2027-03-29.\n"
        )
        private = PRIVATE.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        assert ask(client, sign(private, claims(), kid="2026-a")).status_code == 200

    def test_again_replaces_rights_and_keeps_other_keys(
        self, add_service: Any, clock: time_machine.Traveller
    ) -> None:
        add_service()
        clock.shift(timedelta(days=300))

        add_service("--kid=2027-a", "--days=30")

        old, new = ClientKey.objects.order_by("kid")
        assert old.not_after == NOW + timedelta(days=365)
        assert new.not_after == NOW + timedelta(days=330)
        assert ServiceClient.objects.get().created_at == NOW

    @pytest.mark.parametrize(
        ("other", "words"),
        [
            ("--recipient=onbekend", "no recipient onbekend. Choose from: storingsdienst."),
            ("--purpose=onbekend", "purpose onbekend. Choose from: lekwaarschuwing."),
            ("--public-key=/nowhere/key.pem", "cannot be read: No such file"),
            ("--days=0", "use a number from 1 to 3650"),
            ("--kid=two words", "use at most 50 letters"),
            ("--scope=consent:chek", "invalid choice"),
        ],
    )
    def test_says_what_is_wrong_and_changes_nothing(
        self, add_service: Any, other: str, words: str
    ) -> None:
        with pytest.raises(CommandError, match=words):
            add_service(other)

        assert not ServiceClient.objects.exists()

    def test_refuses_a_third_key_at_once(self, add_service: Any) -> None:
        for kid in ("k1", "k2"):
            add_service(f"--kid={kid}")

        with pytest.raises(CommandError, match="Two keys count already"):
            add_service("--kid=k3")

        assert ClientKey.objects.count() == 2

    def test_is_done_by_the_system_as_the_log_tells(self, add_service: Any) -> None:
        add_service()

        kinds = LogEntry.objects.order_by("id").values_list("kind", "actor")
        assert list(kinds) == [
            (EventKind.CLIENT_REGISTERED, Actor.SYSTEM),
            (EventKind.CLIENT_KEY_ADDED, Actor.SYSTEM),
        ]

    def test_refuses_a_private_key(self, add_service: Any, key_file: Path) -> None:
        key_file.write_bytes(jwk.make_pair("ES256").private_pem)

        with pytest.raises(CommandError, match="Register the public half"):
            add_service()

        assert not ServiceClient.objects.exists()

    def test_says_that_a_catalogue_comes_first(self, add_service: Any) -> None:
        Purpose.objects.update(is_active=False)

        with pytest.raises(CommandError, match="load a catalogue first"):
            add_service()


class TestPublicKeyInAFile:
    @pytest.mark.parametrize(
        ("private", "kind"),
        [(PRIVATE, "EC"), (ed25519.Ed25519PrivateKey.generate(), "OKP"), (RSA, "RSA")],
    )
    def test_can_be_pem_or_jwk(self, private: Any, kind: str) -> None:
        found = jwk.parse(pem(private))

        assert found["kty"] == kind
        assert jwk.load(found) == private.public_key()
        assert jwk.parse(b" \n" + json.dumps(found).encode()) == found

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "no public key"),
            (b"\xff\xfe", "no public key"),
            (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key"),
            (b"{", "not JSON"),
            (b'{"a":' * 100_000, "not JSON"),
            (b"{}", "Use an RSA, EC P-256 or Ed25519 key"),
            (pem(ec.generate_private_key(ec.SECP384R1())), "Use an RSA, EC P-256 or Ed25519 key"),
            (pem(dsa.generate_private_key(1024)), "Use an RSA, EC P-256 or Ed25519 key"),
            (RSAAlgorithm.to_jwk(RSA).encode(), "This is a private key"),
        ],
    )
    def test_is_refused_with_a_reason(self, content: bytes, words: str) -> None:
        with pytest.raises(JwkError, match=words):
            jwk.parse(content)


class TestCommandsOfDjango:
    @pytest.mark.parametrize("command", [["createsuperuser"], ["changepassword", "anna"]])
    def test_name_the_command_to_use_here(self, command: list[str]) -> None:
        with pytest.raises(CommandError, match="invite EMAIL"):
            call_command(*command)
