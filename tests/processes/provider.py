"""A provider of log-ins (OpenID Connect) in a process of its own, with real keys, that can be told to misbehave.

Prints its address as a line. `POST /control` replaces how it behaves; `POST /rotate` replaces its keys.
"""

import hashlib
import json
import secrets
import sys
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "regie", "geheim: met + en %"
LEVEL = "http://eidas.europa.eu/LoA/substantial"


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def without_nothing(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members without those that were to be left out."""
    return {name: value for name, value in members.items() if value is not None}


class State:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.address = ""
        self.how: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.client_key: Any = None
        self.rotate()

    def rotate(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.kid = secrets.token_hex(4)

    def keys(self) -> list[dict[str, Any]]:
        public = [
            RSAAlgorithm.to_jwk(self.rsa.public_key(), as_dict=True)
            | {"kid": f"rsa-{self.kid}", "use": "sig", "alg": "RS256"},
            ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True) | {"kid": f"ec-{self.kid}"},
        ]
        return [*public, {**public[0], "use": "enc"}, "no key"]  # type: ignore[list-item]

    def id_token(self, granted: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.address,
            "sub": granted["sub"],
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": granted["nonce"],
            "acr": LEVEL,
            **self.how.get("claims", {}),
        }
        for name, shift in self.how.get("shift", {}).items():
            claims[name] = now + shift
        claims = without_nothing(claims)
        algorithm = self.how.get("alg", "ES256")
        header = {
            "kid": f"{'rsa' if algorithm[1:3] == 'S2' and algorithm[0] in 'RP' else 'ec'}-{self.kid}"
        }
        header = {**header, **self.how.get("header", {})}
        header = without_nothing(header)
        return self._signed(claims, header, algorithm)

    def _signed(self, claims: dict[str, Any], header: dict[str, Any], algorithm: str) -> str:
        if algorithm == "none":
            parts = [{"alg": "none", "typ": "JWT", **header}, claims]
            return ".".join(encoded(json.dumps(part).encode()) for part in parts) + "."
        if algorithm == "stranger":
            key: Any = ec.generate_private_key(ec.SECP256R1())
            return jwt.encode(claims, key, algorithm="ES256", headers=header)
        if algorithm == "HS256":
            return jwt.encode(claims, CLIENT_SECRET * 3, algorithm="HS256", headers=header)
        key = self.rsa if algorithm in {"RS256", "PS256"} else self.ec
        return jwt.encode(claims, key, algorithm=algorithm, headers=header)


STATE = State()


class Provider(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        STATE.asked.append(path)
        if path == "/asked":
            self.tell(STATE.asked[:-1])
        elif path == "/.well-known/openid-configuration":
            self.tell(self.metadata(), name="metadata")
        elif path == "/jwks":
            self.tell(STATE.how.get("jwks", {"keys": STATE.keys()}), name="jwks")
        elif path == "/authorize":
            self.authorize()
        else:
            self.tell({}, status=404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        path = urlsplit(self.path).path
        STATE.asked.append(path)
        if path == "/control":
            with STATE.lock:
                STATE.how, STATE.asked = json.loads(body), []
            self.tell({})
        elif path == "/rotate":
            STATE.rotate()
            self.tell({})
        elif path == "/token":
            self.token(dict(parse_qsl(body.decode(), keep_blank_values=True)))

    def metadata(self) -> dict[str, Any]:
        found = {
            "issuer": STATE.address,
            "authorization_endpoint": f"{STATE.address}/authorize",
            "token_endpoint": f"{STATE.address}/token",
            "jwks_uri": f"{STATE.address}/jwks",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **STATE.how.get("metadata", {}),
        }
        return without_nothing(found)

    def authorize(self) -> None:
        """Log in whoever `login_hint` of the control names, at once, and send the browser back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["scope"] == "openid"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(24)
        STATE.codes[code] = {**asked, "sub": STATE.how.get("sub", "anna-bij-de-aanbieder")}
        answer = {"code": code, "state": asked["state"], "iss": STATE.address}
        answer |= STATE.how.get("answer", {})
        answer = without_nothing(answer)
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(answer)}")
        self.end_headers()

    def token(self, form: dict[str, str]) -> None:
        granted = STATE.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        is_right = (
            granted is not None
            and form.get("grant_type") == "authorization_code"
            and granted["code_challenge"] == encoded(digest)
            and granted["redirect_uri"] == form.get("redirect_uri")
            and self.is_our_client(form)
        )
        if not is_right or granted is None:
            self.tell({"error": "invalid_grant"}, status=400)
            return
        answer = {"access_token": "x", "token_type": "Bearer", "id_token": STATE.id_token(granted)}
        answer |= STATE.how.get("token", {})
        self.tell(without_nothing(answer), name="token")

    def is_our_client(self, form: dict[str, str]) -> bool:
        if key := STATE.how.get("client_key"):
            assertion = form.get("client_assertion", "")
            algorithm = "RS256" if key["kty"] == "RSA" else "ES256"
            claims = jwt.decode(
                assertion, jwt.PyJWK(key, algorithm), audience=f"{STATE.address}/token"
            )
            return claims["iss"] == claims["sub"] == CLIENT_ID and len(claims["jti"]) >= 22
        scheme, _, proof = self.headers.get("Authorization", "").partition(" ")
        name, _, secret = b64decode(proof).decode().partition(":")
        return (scheme, unquote_plus(name), unquote_plus(secret)) == (
            "Basic",
            CLIENT_ID,
            CLIENT_SECRET,
        )

    def tell(self, content: object, *, status: int = 200, name: str = "") -> None:
        how = STATE.how.get("tell", {}).get(name, "")
        body = json.dumps(content).encode()
        if how == "huge":
            body = json.dumps({"x": "x" * 10_000_000}).encode()
        if how == "no JSON":
            body = b"<html>"
        if how == "a list":
            body = b"[]"
        if how == "moved":
            self.send_response(302)
            self.send_header("Location", self.path + "?again")
        else:
            self.send_response(500 if how == "broken" else status)
        kind = "text/html" if how == "html" else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.write(body, is_slow=how == "slow")
        except OSError:
            return  # who asked had enough of it

    def write(self, body: bytes, *, is_slow: bool) -> None:
        if not is_slow:
            self.wfile.write(body)
            return
        for at in range(len(body)):  # never silent for long, and never done
            self.wfile.write(body[at : at + 1])
            self.wfile.flush()
            time.sleep(0.1)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: the first line is the address."""


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    STATE.address = f"http://127.0.0.1:{server.server_address[1]}"
    sys.stdout.write(STATE.address + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
