"""Public keys as JSON (RFC 7517): which we accept, what each may sign with, and their thumbprint."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.utils import base64url_encode

from accounts.errors import JwkError, PrivateKeyError

# Which algorithms a key may sign with follows from the key, never from a token.
_ALGORITHMS = {
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA",),
    ("RSA", None): ("RS256", "PS256"),
}
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_P256 = ec.SECP256R1()
_PUBLIC_MEMBERS = {"EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "RSA": ("e", "n")}
_SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# PEM of every kind, and the file of PuTTY.
_PRIVATE_FILE = re.compile(rb"PRIVATE KEY|^Private-Lines:", re.IGNORECASE | re.MULTILINE)
_SMALLEST_RSA = 2048
_LARGEST_RSA = 4096  # a larger one only costs us time
_OTHER_KIND = "Use an RSA, EC P-256 or Ed25519 key."
_PRIVATE = "This is a private key. Register the public half, and make a new pair."

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    private_pem: bytes
    public: Mapping[str, Any]


def algorithms_of(key: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what this key may sign with; `alg` in the key narrows it down."""
    kind, curve = key.get("kty"), key.get("crv")
    if not isinstance(kind, str) or not isinstance(curve, str | None):
        return ()
    possible = _ALGORITHMS.get((kind, curve), ())
    named = key.get("alg")
    return possible if named is None else tuple(name for name in possible if name == named)


def checked(key: Mapping[str, Any]) -> dict[str, Any]:
    """Return the public members of the key, and nothing else.

    Raises:
        JwkError: it is private, symmetric, too small, for another use, or not a key at all.
    """
    if _is_private(key):
        raise PrivateKeyError(_PRIVATE)
    if not algorithms_of(key):
        raise JwkError(_OTHER_KIND)
    if key.get("use", "sig") != "sig":
        raise JwkError("This key is not for signatures.")
    members = {name: key.get(name) for name in ("kty", *_PUBLIC_MEMBERS[key["kty"]])}
    loaded = load(members)
    if isinstance(loaded, rsa.RSAPublicKey) and not (
        _SMALLEST_RSA <= loaded.key_size <= _LARGEST_RSA
    ):
        raise JwkError(f"An RSA key has {_SMALLEST_RSA} to {_LARGEST_RSA} bits.")
    return members if "alg" not in key else {**members, "alg": key["alg"]}


def load(key: Mapping[str, Any]) -> PublicKey:
    """Return the key in a form that can verify.

    Raises:
        JwkError: the members do not make a public key.
    """
    try:
        loaded = jwt.PyJWK(dict(key), algorithm=algorithms_of(key)[0]).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, IndexError) as error:
        raise JwkError("The members of this JWK do not make a public key.") from error
    if not isinstance(
        loaded, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
    ):
        raise JwkError("The members of this JWK do not make a public key.")
    return loaded


def parse(content: bytes) -> dict[str, Any]:
    """Return the public key in a file: PEM (SubjectPublicKeyInfo), or a JWK as JSON.

    Raises:
        PrivateKeyError: it holds a private key.
        JwkError: it holds no public key of a kind and size that we accept.
    """
    if _PRIVATE_FILE.search(content):
        raise PrivateKeyError(_PRIVATE)
    if content.lstrip().startswith(b"{"):
        return checked(_members(content))
    try:
        found = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise JwkError("This file holds no public key, as PEM or as JWK.") from error
    if not isinstance(found, PublicKey) or getattr(found, "curve", _P256).name != _P256.name:
        raise JwkError(_OTHER_KIND)
    return checked(from_public_key(found))


def _is_private(key: Mapping[str, Any]) -> bool:
    """Return whether there is a secret member (RFC 7518 section 6) anywhere in it, as in a set of keys."""
    left: list[object] = [key]
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            if not _SECRET_MEMBERS.isdisjoint(value):
                return True
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return False


def _members(content: bytes) -> dict[str, Any]:
    try:
        members: dict[str, Any] = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise JwkError("This file is not JSON.") from error
    return members


def from_public_key(key: PublicKey) -> dict[str, Any]:
    """Return a key as JWK."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url_encode(raw).decode()}
    if isinstance(key, rsa.RSAPublicKey):
        public = key.public_numbers()
        return {"kty": "RSA", "n": _number(public.n), "e": _number(public.e)}
    numbers = key.public_numbers()
    x, y = (base64url_encode(part.to_bytes(32)).decode() for part in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _number(value: int) -> str:
    return base64url_encode(value.to_bytes((value.bit_length() + 7) // 8)).decode()


def thumbprint(key: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint (RFC 7638)."""
    members = {name: key[name] for name in ("kty", *_PUBLIC_MEMBERS[key["kty"]])}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return base64url_encode(hashlib.sha256(text.encode()).digest()).decode()


def make_pair(algorithm: str) -> KeyPair:
    """Make a new pair.

    Raises:
        JwkError: we make pairs for ES256 and EdDSA only.
    """
    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    elif algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        raise JwkError("A key pair can be made for ES256 or EdDSA.")
    return KeyPair(private_pem=to_pem(private), public=from_public_key(private.public_key()))


def to_pem(private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
