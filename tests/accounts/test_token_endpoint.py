import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.test import Client
from django.utils import timezone
from jwt.utils import base64url_encode
from pytest_django import Settings

from accounts import jwk, operations, token_keys
from accounts.models import ClientKey, ServiceClient, UsedAssertion
from audit.keyfiles import KeyFileError
from tests.accounts.signers import AUDIENCE, ask, claims, issue_key, nested, sign, unsigned
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def pem(service: ServiceClient) -> bytes:
    return issue_key(service)


class TestGoodAssertion:
    def test_gets_a_token(self, client: Client, pem: bytes) -> None:
        answer = ask(client, sign(pem, claims()))

        assert answer.status_code == 200
        body = answer.json()
        assert body["token_type"] == "Bearer"
        assert body["expires_in"] == 600
        assert body["scope"] == "consent:check"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == "application/json"

    def test_gets_a_token_as_rfc_9068_describes(self, client: Client, pem: bytes) -> None:
        token = ask(client, sign(pem, claims())).json()["access_token"]

        header = jwt.get_unverified_header(token)
        body = jwt.decode(token, options={"verify_signature": False})
        assert header == {"alg": "ES256", "typ": "at+jwt", "kid": token_keys.signing_key().kid}
        assert len(body.pop("jti")) >= 16
        now = int(NOW.timestamp())
        assert body == {
            "iss": "http://127.0.0.1:8000",
            "aud": "http://127.0.0.1:8000",
            "sub": "lekdetectie",
            "client_id": "lekdetectie",
            "scope": "consent:check",
            "iat": now,
            "exp": now + 600,
        }

    def test_may_ask_for_less(self, client: Client, service: ServiceClient, pem: bytes) -> None:
        ServiceClient.objects.update(scopes=["consent:check", "consent:batch"])

        answer = ask(client, sign(pem, claims()), scope="consent:batch")

        assert answer.json()["scope"] == "consent:batch"

    def test_may_ask_for_one_purpose(self, client: Client, pem: bytes) -> None:
        scope = "consent:check+purpose:lekwaarschuwing"

        answer = ask(client, sign(pem, claims()), scope=scope)

        assert answer.json()["scope"] == scope.replace("+", " ")

    def test_is_seen_in_its_key_to_the_minute(
        self, client: Client, pem: bytes, clock: time_machine.Traveller
    ) -> None:
        for seconds in (0, 59, 60):
            clock.move_to(NOW + timedelta(seconds=seconds), tick=False)
            now = SECONDS + seconds
            assert ask(client, sign(pem, claims(iat=now, exp=now + 60))).status_code == 200
            used = ClientKey.objects.get().last_used_at
            assert used == NOW + timedelta(seconds=60 if seconds == 60 else 0)

    def test_may_be_signed_with_ed25519(self, client: Client, service: ServiceClient) -> None:
        pem = issue_key(service, algorithm="EdDSA")

        assert ask(client, sign(pem, claims(), algorithm="EdDSA")).status_code == 200

    @pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
    def test_may_be_signed_with_rsa(
        self, client: Client, service: ServiceClient, rsa_pem: bytes, algorithm: str
    ) -> None:
        register(service, rsa_pem)

        assert ask(client, sign(rsa_pem, claims(), algorithm=algorithm)).status_code == 200

    def test_may_name_its_client_twice(self, client: Client, pem: bytes) -> None:
        assert ask(client, sign(pem, claims()), client_id="lekdetectie").status_code == 200

    def test_may_come_with_either_of_two_keys(
        self, client: Client, service: ServiceClient, pem: bytes
    ) -> None:
        other = issue_key(service, kid="k2")

        assert ask(client, sign(pem, claims())).status_code == 200
        assert ask(client, sign(other, claims(), kid="k2")).status_code == 200


@pytest.fixture(scope="session")
def rsa_pem() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def register(service: ServiceClient, pem: bytes) -> None:
    public = load_pem_private_key(pem, password=None).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    operations.put_client_key(
        client=service,
        kid="k1",
        jwk=jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True),
        not_before=NOW,
        not_after=NOW + timedelta(days=1),
    )


def with_public_key_as_secret(pem: bytes) -> str:
    """Sign with HMAC, the public key as the secret: the classic confusion."""
    public = load_pem_private_key(pem, password=None).public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = unsigned({"alg": "HS256", "kid": "k1"}, claims())[:-1]
    return f"{text}.{base64url_encode(hmac.digest(secret, text.encode(), 'sha256')).decode()}"


def with_changed_payload(pem: bytes) -> str:
    header, _, signature = sign(pem, claims()).split(".")
    payload = unsigned({}, claims(aud=AUDIENCE, jti=uuid4().hex)).split(".")[1]
    return f"{header}.{payload}.{signature}"


def with_own_key(pem: bytes) -> str:
    mine = jwk.make_pair("ES256")
    return sign(mine.private_pem, claims(), header={"jwk": dict(mine.public)})


def changed(**changes: Any) -> Callable[[bytes], str]:
    return lambda pem: sign(pem, claims(**changes))


def headed(**header: Any) -> Callable[[bytes], str]:
    return lambda pem: sign(pem, claims(), header=header)


def odd(name: str, value: object) -> Callable[[bytes], str]:
    """Put a value that JSON can spell where a text or a time belongs, under a good signature where that can be made."""

    def made(pem: bytes) -> str:
        if name in {"kid", "typ", "alg"}:
            return unsigned({"alg": "ES256", "kid": "k1", name: value}, claims(), b"x" * 64)
        more = {"iss": value} if name == "sub" else {}
        return sign_json(pem, json.dumps({**claims(), name: value, **more}))

    return made


def sign_json(pem: bytes, payload: str) -> str:
    """Sign what the library itself would refuse to write."""
    key = load_pem_private_key(pem, password=None)
    return jwt.api_jws.encode(payload.encode(), key, algorithm="ES256", headers={"kid": "k1"})  # type: ignore[arg-type]


SECONDS = int(NOW.timestamp())
# A lone surrogate, a NUL, other alphabets, other types, and more than any column holds.
ODD: list[object] = [
    "\ud800",
    "\x00",
    "k1\x00" * 8,
    "\u00e9" * 16,
    "x\n" * 8,
    "\U0001f511" * 16,
    "x" * 999,
    "",
    None,
    True,
    7,
    1e300,
    [],
    {},
    ["x"],
]
NO_TIMES: list[object] = ["\ud800", None, True, 1e300, 10**300, [], {}]
BAD: dict[str, Callable[[bytes], str]] = {
    "nothing": lambda pem: "x",
    "two parts": lambda pem: sign(pem, claims()).rsplit(".", 1)[0],
    "four parts": lambda pem: sign(pem, claims()) + ".x",
    "no signature": lambda pem: sign(pem, claims()).rsplit(".", 1)[0] + ".",
    "alg none": lambda pem: unsigned({"alg": "none", "kid": "k1"}, claims()),
    "alg None": lambda pem: unsigned({"alg": "None", "kid": "k1"}, claims()),
    "alg is a number": lambda pem: unsigned({"alg": 1, "kid": "k1"}, claims()),
    "HS256 with the public key": with_public_key_as_secret,
    "another alg than the key": lambda pem: unsigned({"alg": "EdDSA", "kid": "k1"}, claims(), b"x" * 64),
    "another payload": with_changed_payload,
    "signed by a stranger": lambda pem: sign(jwk.make_pair("ES256").private_pem, claims()),
    "key in the header": with_own_key,
    "key by address": headed(jku="https://kwaad.example/jwks.json"),
    "certificate by address": headed(x5u="https://kwaad.example/x"),
    "critical extension": headed(crit=["b64"], b64=False),
    "typ of an access token": headed(typ="at+jwt"),
    "typ is a list": lambda pem: unsigned({"alg": "ES256", "kid": "k1", "typ": ["JWT"]}, claims()),
    "no kid": lambda pem: unsigned({"alg": "ES256"}, claims(), b"x" * 64),
    "unknown kid": lambda pem: sign(pem, claims(), kid="k9"),
    "kid is a path": lambda pem: sign(pem, claims(), kid="../../dev/null"),
    "kid is a list": lambda pem: unsigned({"alg": "ES256", "kid": ["k1"]}, claims(), b"x" * 64),
    "unknown client": changed(iss="iemand", sub="iemand"),
    "other iss": changed(iss="iemand"),
    "no iss": changed(iss=None),
    "no sub": changed(sub=None),
    "sub is a list": lambda pem: unsigned({"alg": "ES256", "kid": "k1"}, claims(sub=["lekdetectie"]), b"x" * 64),
    "other aud": changed(aud="https://kwaad.example/oauth/token"),
    "aud is the issuer": changed(aud="http://127.0.0.1:8000"),
    "aud with a slash": changed(aud=AUDIENCE + "/"),
    "aud is a list": changed(aud=[AUDIENCE]),
    "aud is a longer list": changed(aud=[AUDIENCE, "https://kwaad.example"]),
    "no aud": changed(aud=None),
    "expired": changed(iat=SECONDS - 120, exp=SECONDS),
    "expires in ten years": changed(exp=SECONDS + 10 * 365 * 86400),
    "expires after 301 seconds": changed(exp=SECONDS + 301),
    "expires before it began": changed(iat=SECONDS + 30, exp=SECONDS + 20),
    "no exp": changed(exp=None),
    "no iat": changed(iat=None),
    "exp is a text": lambda pem: sign(pem, claims(exp=str(SECONDS + 60))),
    "exp is a fraction": changed(exp=SECONDS + 60.5),
    "exp is true": changed(exp=True),
    "from the future": changed(iat=SECONDS + 61, exp=SECONDS + 120),
    "not yet": changed(nbf=SECONDS + 61),
    "no jti": changed(jti=None),
    "jti too short": changed(jti="x" * 15),
    "jti too long": changed(jti="x" * 256),
    "jti is a number": changed(jti=12345678901234567890),
    "too large": changed(more="x" * 5000),
    "not base64": lambda pem: "!!!.???.***",
    "payload is a list": lambda pem: unsigned({"alg": "ES256", "kid": "k1"}, ["x"], b"x" * 64),  # type: ignore[arg-type]
    "header is a list": lambda pem: unsigned(["x"], claims(), b"x" * 64),  # type: ignore[arg-type]
    "header deeply nested": lambda pem: nested(1450) + ".e30.e30",
    "header nested where it can be read": lambda pem: nested(400) + ".e30.e30",
    **{
        f"{name} is {value!a}": odd(name, value)
        for name in ("sub", "kid", "jti", "iss", "aud", "typ", "alg")
        for value in ODD
    },
    **{f"{name} is {value!a}": odd(name, value) for name in ("iat", "exp", "nbf") for value in NO_TIMES},
    "deeply nested": lambda pem: "e30." + "W1tb" * 900 + ".e30",
}  # fmt: skip


class TestBadAssertion:
    @pytest.mark.parametrize("how", BAD)
    def test_gets_no_token(self, client: Client, pem: bytes, how: str) -> None:
        answer = ask(client, BAD[how](pem))

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        body = answer.json()
        assert set(body) == {"error", "error_description"}
        assert body["error"] == "invalid_client"
        assert not UsedAssertion.objects.exists()

    def test_is_one_that_was_used_before(self, client: Client, pem: bytes) -> None:
        assertion = sign(pem, claims())
        ask(client, assertion)

        answer = ask(client, assertion)

        assert answer.status_code == 401
        assert "used before" in answer.json()["error_description"]

    def test_is_one_with_a_jti_that_was_used_before(self, client: Client, pem: bytes) -> None:
        ask(client, sign(pem, claims(jti="j" * 32)))

        assert ask(client, sign(pem, claims(jti="j" * 32, exp=SECONDS + 90))).status_code == 401

    def test_is_one_by_a_client_that_was_closed(self, client: Client, pem: bytes) -> None:
        ServiceClient.objects.update(is_active=False)

        assert ask(client, sign(pem, claims())).status_code == 401

    @pytest.mark.parametrize("shift", [timedelta(days=-1, seconds=-1), timedelta(days=1)])
    def test_is_one_with_a_key_outside_its_period(
        self, client: Client, pem: bytes, clock: time_machine.Traveller, shift: timedelta
    ) -> None:
        clock.move_to(NOW + shift, tick=False)
        seconds = int(timezone.now().timestamp())

        assert ask(client, sign(pem, claims(iat=seconds, exp=seconds + 60))).status_code == 401

    def test_is_one_with_a_key_of_another_client(
        self, client: Client, service: ServiceClient, pem: bytes
    ) -> None:
        other = operations.put_client(
            client_id="ander", recipient=service.recipient, scopes=["x"], purposes=[], at=NOW
        )
        issue_key(other, kid="k2")

        assert ask(client, sign(pem, claims(iss="ander", sub="ander"), kid="k2")).status_code == 401

    def test_is_told_the_same_for_an_unknown_client_and_a_wrong_key(
        self, client: Client, pem: bytes
    ) -> None:
        unknown = ask(client, BAD["unknown client"](pem))
        wrong_key = ask(client, BAD["signed by a stranger"](pem))

        assert unknown.content == wrong_key.content


class TestBadRequest:
    def test_for_another_grant(self, client: Client, pem: bytes) -> None:
        answer = ask(client, sign(pem, claims()), grant_type="password")

        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")

    def test_without_a_grant(self, client: Client, pem: bytes) -> None:
        answer = ask(client, sign(pem, claims()), grant_type="")

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize(
        "form",
        [
            "grant_type=client_credentials",
            "grant_type=client_credentials&client_id=x&client_secret=y",
            "grant_type=client_credentials&client_assertion=x",
            "grant_type=client_credentials&client_assertion=x&client_assertion_type=saml",
        ],
    )
    def test_with_another_proof(self, client: Client, db: None, form: str) -> None:
        answer = client.post("/oauth/token", form, content_type="application/x-www-form-urlencoded")

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_with_a_password_in_the_header_as_well(self, client: Client, pem: bytes) -> None:
        client.defaults["HTTP_AUTHORIZATION"] = "Basic eDp5"

        assert ask(client, sign(pem, claims())).status_code == 401

    def test_with_something_twice(self, client: Client, pem: bytes) -> None:
        answer = ask(client, sign(pem, claims()), scope="consent:check&scope=consent:batch")

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_for_another_client_than_signed(self, client: Client, pem: bytes) -> None:
        assert ask(client, sign(pem, claims()), client_id="ander").status_code == 401

    @pytest.mark.parametrize(
        "scope",
        [
            *("consent:batch", "consent:check consent:batch", "CONSENT:CHECK"),
            *("consent:check purpose:meterstand", "lekwaarschuwing", "purpose:"),
        ],
    )
    def test_for_a_scope_it_may_not_have(self, client: Client, pem: bytes, scope: str) -> None:
        answer = ask(client, sign(pem, claims()), scope=scope.replace(" ", "+"))

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
        assert not UsedAssertion.objects.exists()

    def test_as_json(self, client: Client, db: None) -> None:
        answer = client.post("/oauth/token", "{}", content_type="application/json")

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize("times", [20, 2000])
    def test_with_too_many_parameters(self, client: Client, db: None, times: int) -> None:
        answer = client.post(
            "/oauth/token", "a=&" * times, content_type="application/x-www-form-urlencoded"
        )

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_by_a_client_that_may_do_nothing(
        self, client: Client, service: ServiceClient, pem: bytes
    ) -> None:
        ServiceClient.objects.filter(pk=service.pk).update(scopes=[])

        answer = ask(client, sign(pem, claims()))

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")

    def test_that_is_too_large(self, client: Client, pem: bytes) -> None:
        answer = ask(client, sign(pem, claims()), more="x" * 8192)

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_with_the_form_in_the_address(self, client: Client, pem: bytes) -> None:
        answer = client.post(
            f"/oauth/token?grant_type=client_credentials&client_assertion={sign(pem, claims())}",
            "",
            content_type="application/x-www-form-urlencoded",
        )

        assert answer.status_code == 400

    def test_never_repeats_what_was_sent(self, client: Client, pem: bytes) -> None:
        for answer in (
            ask(client, "kanarie.kanarie.kanarie"),
            ask(client, sign(pem, claims()), scope="kanarie"),
            ask(client, sign(pem, claims()), grant_type="kanarie"),
            ask(client, sign(pem, claims(aud="kanarie"))),
        ):
            assert b"kanarie" not in answer.content

    def test_by_get(self, client: Client) -> None:
        assert client.get("/oauth/token").status_code == 405


class TestFindingOut:
    def test_gives_the_key_that_tokens_are_signed_with(self, client: Client, pem: bytes) -> None:
        (key,) = client.get("/oauth/jwks.json").json()["keys"]
        token = ask(client, sign(pem, claims())).json()["access_token"]

        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert key["kid"] == jwk.thumbprint(key)
        assert jwt.decode(
            token,
            jwt.PyJWK(key),
            audience="http://127.0.0.1:8000",
            options={"verify_exp": False, "verify_iat": False},
        )

    def test_describes_the_service(self, client: Client, service: ServiceClient) -> None:
        found = client.get("/.well-known/oauth-authorization-server").json()

        assert found["issuer"] == "http://127.0.0.1:8000"
        assert found["token_endpoint"] == AUDIENCE
        assert found["jwks_uri"] == "http://127.0.0.1:8000/oauth/jwks.json"
        assert found["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
        assert found["scopes_supported"] == ["consent:check", "purpose:lekwaarschuwing"]


class TestThumbprint:
    def test_is_that_of_rfc_7638(self) -> None:
        n = (
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
            "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn"
            "1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        )

        found = jwk.thumbprint(
            {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
        )

        assert found == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.usefixtures("service")
class TestSigningKey:
    @pytest.fixture
    def key_file(self, settings: Settings, tmp_path: Path) -> Path:
        settings.KEYS_DIR = tmp_path
        return tmp_path / "token.key"

    def test_that_is_damaged_is_named(self, key_file: Path) -> None:
        key_file.write_text("no key")

        with pytest.raises(KeyFileError, match=r"token\.key is damaged"):
            token_keys.signing_key()

    def test_of_another_kind_is_named(self, key_file: Path) -> None:
        key_file.write_bytes(jwk.make_pair("EdDSA").private_pem)

        with pytest.raises(KeyFileError, match=r"token\.key is not a P-256 key"):
            token_keys.signing_key()
