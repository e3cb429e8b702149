"""The provider that is configured: where it is, which keys it signs with, and how we prove to it who we are."""

import secrets
import threading
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.conf import settings

from accounts import jwk
from accounts.oidc import fetching, id_tokens
from accounts.oidc.errors import ProviderError
from accounts.oidc.id_tokens import Expected, Person, UnknownKeyError

SCOPE = "openid"  # and nothing else: no name, no address
_METADATA_LASTS = timedelta(hours=1)
_KEYS_LAST = timedelta(minutes=10)
_ASKED_AGAIN_AFTER = timedelta(seconds=30)  # so that tokens with made-up keys make us ask no more
_ASSERTION_LASTS = 60  # seconds
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_itself: bool  # in each answer (RFC 9207)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider, as it is in the settings."""

    issuer: str
    client_id: str
    name: str

    def metadata(self, *, at: datetime) -> Metadata:
        """Return where its parts are (OpenID Connect Discovery 1.0).

        Raises:
            ProviderError: it cannot be reached, or says something else than it should.
        """
        return _metadata(self.issuer, at=at)

    def authorization_url(
        self,
        *,
        state: str,
        nonce: str,
        challenge: str,
        redirect_uri: str,
        max_age: timedelta,
        at: datetime,
    ) -> str:
        """Return where to send the browser (section 3.1.2.1, RFC 7636).

        Whoever logged in there longer ago than `max_age` has to log in again.

        Raises:
            ProviderError: it cannot be reached, or says something else than it should.
        """
        endpoint = self.metadata(at=at).authorization_endpoint
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "acr_values": " ".join(enough()),
            "max_age": str(int(max_age.total_seconds())),
        }
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"

    def person(
        self, *, code: str, verifier: str, nonce: str, redirect_uri: str, at: datetime
    ) -> Person:
        """Exchange the code, once, and return who logged in. The access token is thrown away.

        Raises:
            LevelTooLowError: the provider is not sure enough.
            ProviderError: it cannot be reached, or does not prove who this is.
        """
        token = self._exchange(code=code, verifier=verifier, redirect_uri=redirect_uri, at=at)
        expected = Expected(
            issuer=self.issuer,
            client_id=self.client_id,
            nonce=nonce,
            levels=enough(),
            max_age=settings.OIDC_MAX_AGE,
        )
        uri = self.metadata(at=at).jwks_uri
        try:
            return id_tokens.check(
                token, keys=_keys(uri, _KEYS_LAST, at=at), expected=expected, at=at
            )
        except UnknownKeyError:
            keys = _keys(uri, _ASKED_AGAIN_AFTER, at=at)
            return id_tokens.check(token, keys=keys, expected=expected, at=at)

    def _exchange(self, *, code: str, verifier: str, redirect_uri: str, at: datetime) -> str:
        endpoint = self.metadata(at=at).token_endpoint
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        proof, headers = self._proof(endpoint, at=at)
        answer = fetching.post(endpoint, {**form, **proof}, headers=headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderError("no ID token")
        return token

    def _proof(self, endpoint: str, *, at: datetime) -> tuple[dict[str, str], dict[str, str]]:
        """Return how we prove who we are: as members of the form, and as headers (section 9)."""
        if not settings.OIDC_CLIENT_KEY:
            # RFC 6749 section 2.3.1 encodes both before they are joined.
            pair = f"{quote_plus(self.client_id)}:{quote_plus(settings.OIDC_CLIENT_SECRET)}"
            return {}, {"Authorization": "Basic " + b64encode(pair.encode()).decode()}
        private, algorithm, kid = client_key(settings.OIDC_CLIENT_KEY)
        now = int(at.timestamp())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": endpoint,
            "iat": now,
            "exp": now + _ASSERTION_LASTS,
            "jti": secrets.token_urlsafe(24),
        }
        assertion = jwt.encode(claims, private, algorithm=algorithm, headers={"kid": kid})
        return {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": assertion}, {}


def configured() -> Provider | None:
    """Return the provider that people can log in with, if there is one."""
    if not settings.OIDC_ISSUER:
        return None
    return Provider(
        issuer=settings.OIDC_ISSUER, client_id=settings.OIDC_CLIENT_ID, name=settings.OIDC_NAME
    )


def enough() -> Sequence[str]:
    """Return the levels that are enough, the lowest of them first."""
    levels: list[str] = settings.OIDC_ACR_LEVELS
    return levels[levels.index(settings.OIDC_ACR) :]


def client_key(
    pem: str,
) -> tuple[ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey, str, str]:
    """Return our own key for the provider, what it signs with, and its name.

    Raises:
        ValueError: it is not a private key, or of a kind that we do not use.
        JwkError: it is too small or too large.
    """
    private = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(
        private, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
    ):
        raise ValueError("not an RSA, EC P-256 or Ed25519 key")  # noqa: TRY004  a fault of the file
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name != "secp256r1":
        raise ValueError("not the curve P-256")
    public = jwk.checked(jwk.from_public_key(private.public_key()))
    return private, jwk.algorithms_of(public)[0], jwk.thumbprint(public)


def forget() -> None:
    """Forget what the provider said, so that it is asked again."""
    with _lock:
        _remembered.clear()


_lock = threading.Lock()
_remembered: dict[str, tuple[datetime, dict[str, Any]]] = {}


def _remember(url: str, lasts: timedelta, *, at: datetime) -> dict[str, Any]:
    """Return what is at this address, as it was at most so long ago."""
    with _lock:
        held = _remembered.get(url)
    if held is not None and timedelta() <= at - held[0] < lasts:
        return held[1]
    found = fetching.get(url)
    with _lock:
        _remembered[url] = (at, found)
    return found


def _metadata(issuer: str, *, at: datetime) -> Metadata:
    url = issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        return _read(_remember(url, _METADATA_LASTS, at=at), issuer)
    except ProviderError:
        with _lock:
            _remembered.pop(url, None)  # what cannot be used is no reason not to ask again
        raise


def _read(found: Mapping[str, Any], issuer: str) -> Metadata:
    if found.get("issuer") != issuer:
        raise ProviderError("it calls itself otherwise")
    methods = found.get("code_challenge_methods_supported", ["S256"])
    if not isinstance(methods, list) or "S256" not in methods:
        raise ProviderError("it does not know PKCE with S256")
    return Metadata(
        authorization_endpoint=_address(found, "authorization_endpoint"),
        token_endpoint=_address(found, "token_endpoint"),
        jwks_uri=_address(found, "jwks_uri"),
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(found: Mapping[str, Any], name: str) -> str:
    """Return an address that is encrypted on its way, or stays on this machine.

    Raises:
        ProviderError: it is no such address.
    """
    address = found.get(name)
    if not isinstance(address, str) or not is_safe(address):
        raise ProviderError(f"{name} is no https address")
    return address


def is_safe(address: str) -> bool:
    """Return whether an address is encrypted, or of this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    )


def _keys(uri: str, lasts: timedelta, *, at: datetime) -> list[Mapping[str, Any]]:
    keys = _remember(uri, lasts, at=at).get("keys")
    if not isinstance(keys, list):
        raise ProviderError("no set of keys")
    return [key for key in keys if isinstance(key, Mapping)]
