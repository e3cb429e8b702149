"""A client that signs assertions, well or badly."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.test import Client
from jwt.utils import base64url_encode

from accounts import operations
from accounts.models import ServiceClient
from accounts.oauth.views import ASSERTION_TYPE
from tests.factories import NOW

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

AUDIENCE = "http://127.0.0.1:8000/oauth/token"


def issue_key(service: ServiceClient, *, kid: str = "k1", algorithm: str = "ES256") -> bytes:
    return operations.issue_client_key(
        client=service,
        kid=kid,
        not_before=NOW - timedelta(days=1),
        not_after=NOW + timedelta(days=1),
        algorithm=algorithm,
    )


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good assertion, with changes; a change to None leaves a claim out."""
    now = int(NOW.timestamp())
    good = {
        "iss": "lekdetectie",
        "sub": "lekdetectie",
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 60,
        "jti": uuid4().hex,
        **changes,
    }
    return {name: value for name, value in good.items() if value is not None}


def sign(
    pem: bytes,
    payload: Mapping[str, Any],
    *,
    algorithm: str = "ES256",
    kid: str = "k1",
    header: Mapping[str, Any] | None = None,
) -> str:
    key = load_pem_private_key(pem, password=None)
    return jwt.encode(
        dict(payload),
        key,  # type: ignore[arg-type]  # any key that the algorithm takes
        algorithm=algorithm,
        headers={"kid": kid, **(header or {})},
    )


def unsigned(header: Mapping[str, Any], payload: Mapping[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return b".".join(base64url_encode(part) for part in parts).decode()


def nested(depth: int) -> str:
    """Return a header with lists in lists."""
    header = b'{"alg":"ES256","kid":"k1","typ":' + b"[" * depth + b"]" * depth + b"}"
    return base64url_encode(header).decode()


def ask(client: Client, assertion: str, **more: str) -> "Answer":
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **more,
    }
    body = "&".join(f"{name}={value}" for name, value in form.items() if value)
    return client.post("/oauth/token", body, content_type="application/x-www-form-urlencoded")
