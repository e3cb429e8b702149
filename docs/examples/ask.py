"""Ask Regie one question as a service: docs/examples/ask.py CLIENT PURPOSE CATEGORY REFERENCE.

Gets an access token with a signed assertion (RFC 7523), then asks (OpenID AuthZEN 1.0). Reads the key that the demo wrote.
"""

import argparse
import json
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import jwt


def token(*, base: str, service: dict[str, Any]) -> str:
    """Return an access token for the service, whose private key never leaves this machine."""
    now = int(time.time())
    # As the token service calls itself, whichever name it is reached by here (localhost, 127.0.0.1).
    audience = get(f"{base}/.well-known/oauth-authorization-server")["token_endpoint"]
    assertion = jwt.encode(
        {
            "iss": service["clientId"],
            "sub": service["clientId"],
            "aud": audience,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(24),
        },
        Path(service["privateKeyFile"]).read_text(encoding="ascii"),
        algorithm="ES256",
        headers={"kid": service["kid"]},
    )
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        "scope": service["scope"],
    }
    answer = post(f"{base}/oauth/token", urllib.parse.urlencode(form).encode(), {})
    return str(answer["access_token"])


def get(url: str) -> dict[str, Any]:
    return fetch(urllib.request.Request(url))  # noqa: S310  http(s) only, from the caller


def post(url: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    return fetch(urllib.request.Request(url, data=body, headers=headers))  # noqa: S310


def fetch(request: urllib.request.Request) -> dict[str, Any]:
    url = request.full_url
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        sys.exit(f"{url} answered {error.code}: {error.read().decode()}")
    except urllib.error.URLError as error:
        sys.exit(f"{url} cannot be reached ({error.reason}). Is the demo running?")


def services_in(accounts: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(accounts.read_text(encoding="utf-8"))["services"]
    except FileNotFoundError:
        sys.exit(
            f"There is no {accounts}. Start the demo (python3 manage.py demo), which writes it, "
            "and name it with --accounts if it is elsewhere."
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Ask Regie one question as a service.")
    for name in ("client", "purpose", "category", "reference"):
        parser.add_argument(name)
    parser.add_argument("--accounts", type=Path, default=Path("var/demo/accounts.json"))
    parser.add_argument("--base", default="http://127.0.0.1:8000")
    options = parser.parse_args()
    services = services_in(options.accounts)
    service = next((one for one in services if one["clientId"] == options.client), None)
    if service is None:
        sys.exit(f"No service {options.client}; there are {[one['clientId'] for one in services]}.")
    question = {
        "subject": {"type": "service", "id": options.client},
        "action": {"name": options.purpose},
        "resource": {
            "type": "data_subject",
            "id": options.reference,
            "properties": {"dataCategory": options.category},
        },
    }
    headers = {
        "Authorization": f"Bearer {token(base=options.base, service=service)}",
        "Content-Type": "application/json",
    }
    answer = post(f"{options.base}/access/v1/evaluation", json.dumps(question).encode(), headers)
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")


if __name__ == "__main__":
    main()
