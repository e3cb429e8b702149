import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.db import IntegrityError, transaction
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from accounts import jwk, operations
from accounts.errors import JwkError, PrivateKeyError, ScopeError, TooManyKeysError
from accounts.models import ClientKey, Recipient, ServiceClient
from tests import factories
from tests.factories import NOW

GOOD = dict(jwk.make_pair("ES256").public)


def put_key(service: ServiceClient, kid: str, *, since: datetime = NOW, days: int = 1) -> None:
    operations.put_client_key(
        client=service,
        kid=kid,
        jwk=jwk.make_pair("ES256").public,
        not_before=since,
        not_after=since + timedelta(days=days),
    )


@pytest.mark.django_db
class TestRegistering:
    def test_a_recipient_twice_changes_it(self) -> None:
        factories.make_recipient()
        operations.put_recipient(
            slug="storingsdienst",
            kind=Recipient.Kind.PROCESSOR,
            texts=factories.in_both(name="Anders", role="Anders"),
            contact="x",
            country="DE",
            is_automated=True,
        )

        recipient = Recipient.objects.get()
        assert (recipient.kind, recipient.country) == ("processor", "DE")

    def test_a_client_twice_changes_its_rights_but_not_its_age(
        self, service: ServiceClient
    ) -> None:
        operations.put_client(
            client_id="lekdetectie",
            recipient=service.recipient,
            scopes=["consent:batch"],
            purposes=[],
            at=NOW + timedelta(days=9),
        )

        service.refresh_from_db()
        assert (service.scopes, service.purposes, service.created_at) == (
            ["consent:batch"],
            [],
            NOW,
        )

    @pytest.mark.parametrize("scope", ["", "two words", 'quo"te', "caf\u00e9"])
    def test_refuses_a_scope_that_cannot_be_spelled(
        self, service: ServiceClient, scope: str
    ) -> None:
        with pytest.raises(ScopeError):
            operations.put_client(
                client_id="x", recipient=service.recipient, scopes=[scope], purposes=[], at=NOW
            )

    @pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
    def test_a_new_pair_keeps_the_public_half_only(
        self, service: ServiceClient, algorithm: str
    ) -> None:
        pem = operations.issue_client_key(
            client=service,
            kid="k1",
            not_before=NOW,
            not_after=NOW + timedelta(days=1),
            algorithm=algorithm,
        )

        stored = ClientKey.objects.get().jwk
        public = load_pem_private_key(pem, password=None).public_key()
        assert "d" not in stored
        assert stored["kid"] == "k1"
        assert jwk.load(stored) == public

    def test_no_pair_is_made_for_another_algorithm(self, service: ServiceClient) -> None:
        with pytest.raises(JwkError):
            operations.issue_client_key(
                client=service,
                kid="k1",
                not_before=NOW,
                not_after=NOW + timedelta(days=1),
                algorithm="RS256",
            )

    @pytest.mark.parametrize("kid", ["", "x" * 65, "caf\u00e9", "k\x00", "\ud800"])
    def test_a_key_has_a_name_that_an_assertion_can_use(
        self, service: ServiceClient, kid: str
    ) -> None:
        with pytest.raises(JwkError, match="kid"):
            operations.put_client_key(
                client=service, kid=kid, jwk=GOOD, not_before=NOW, not_after=NOW + timedelta(days=1)
            )

    def test_a_third_key_at_once_is_refused(self, service: ServiceClient) -> None:
        for kid in ("k1", "k2"):
            put_key(service, kid)

        with pytest.raises(TooManyKeysError):
            put_key(service, "k3")
        put_key(service, "k3", since=NOW + timedelta(days=1))

    def test_a_key_that_did_not_begin_is_removed_when_it_is_ended(
        self, service: ServiceClient
    ) -> None:
        put_key(service, "k1", since=NOW + timedelta(days=1))

        operations.end_client_key(key=service.keys.get(), ends_at=NOW, at=NOW)

        assert not service.keys.exists()

    def test_a_key_that_ends_later_keeps_the_tokens(self, service: ServiceClient) -> None:
        put_key(service, "k1", days=9)

        operations.end_client_key(key=service.keys.get(), ends_at=NOW + timedelta(days=2), at=NOW)

        service.refresh_from_db()
        assert service.keys.get().not_after == NOW + timedelta(days=2)
        assert service.tokens_count_from is None

    def test_a_key_does_not_end_later_than_it_would(self, service: ServiceClient) -> None:
        put_key(service, "k1")

        operations.end_client_key(key=service.keys.get(), ends_at=NOW + timedelta(days=9), at=NOW)

        assert service.keys.get().not_after == NOW + timedelta(days=1)

    def test_a_key_cannot_end_before_it_starts(self, service: ServiceClient) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            operations.put_client_key(
                client=service, kid="k1", jwk=GOOD, not_before=NOW, not_after=NOW
            )


def rsa_jwk(bits: int) -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)


def private_jwk() -> dict[str, Any]:
    return ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)


class TestKeys:
    @pytest.mark.parametrize(
        "wrong",
        [
            {},
            {"kty": "oct", "k": "AAAA"},
            {**GOOD, "crv": "P-384"},
            {**GOOD, "crv": "secp256k1"},
            {**GOOD, "x": GOOD["y"]},  # not on the curve
            {**GOOD, "y": None},
            {**GOOD, "x": 12},
            {**GOOD, "use": "enc"},
            {**GOOD, "alg": "HS256"},
            {**GOOD, "alg": "RS256"},
            {"kty": "OKP", "crv": "X25519", "x": GOOD["x"]},
            {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
            {"kty": "RSA", "e": "AQAB"},
            {"kty": ["EC"], "crv": "P-256"},
        ],
    )
    def test_that_we_cannot_use_are_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(JwkError):
            jwk.checked(wrong)

    def test_that_are_private_are_refused(self) -> None:
        with pytest.raises(JwkError, match="private"):
            jwk.checked(private_jwk())

    @pytest.mark.parametrize(
        "private",
        [
            {"kty": "oct", "k": "AAAA"},
            {"kty": "AKP", "d": "AAAA"},
            {"keys": [{**GOOD, "d": "AAAA"}]},
            {**GOOD, "more": [[{"dp": "AAAA"}]]},
        ],
    )
    def test_are_known_as_private_wherever_the_secret_is(self, private: dict[str, Any]) -> None:
        with pytest.raises(PrivateKeyError):
            jwk.parse(json.dumps(private).encode())

    @pytest.mark.parametrize(
        "text",
        [
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA",
            b"-----BEGIN RSA PRIVATE KEY-----\nAAAA",
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA",
            b"-----begin ec private key-----\nAAAA",
            b"PuTTY-User-Key-File-3: ssh-ed25519\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 1\nAAAA",
        ],
    )
    def test_are_known_as_private_in_every_file(self, text: bytes) -> None:
        with pytest.raises(PrivateKeyError):
            jwk.parse(text)

    def test_that_are_nested_deep_break_nothing(self) -> None:
        with pytest.raises(JwkError):
            jwk.parse(b'{"a":' + b"[" * 900 + b"]" * 900 + b"}")

    def test_that_are_private_verify_nothing(self) -> None:
        with pytest.raises(JwkError):
            jwk.load(private_jwk())

    def test_that_are_small_are_refused(self) -> None:
        with pytest.raises(JwkError, match="2048"):
            jwk.checked(rsa_jwk(1024))

    def test_keep_their_public_members_only(self) -> None:
        assert jwk.checked({**GOOD, "x5c": ["x"], "note": "x", "kid": "k"}) == GOOD

    def test_say_what_they_may_sign_with(self) -> None:
        assert jwk.algorithms_of(GOOD) == ("ES256",)
        assert jwk.algorithms_of({"kty": "RSA"}) == ("RS256", "PS256")
        assert jwk.algorithms_of({"kty": "RSA", "alg": "PS256"}) == ("PS256",)
        assert jwk.algorithms_of({"kty": "OKP", "crv": "Ed25519"}) == ("EdDSA",)
