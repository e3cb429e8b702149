"""What the OpenAPI description says that no view can; imported by the API so that the generator knows it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension

BY_HAND = Path(__file__).parent / "by_hand.yaml"
# What any request can get, whichever address it goes to.
ANYWHERE = {
    "400": "The request cannot be understood.",
    "405": "This address does not answer that method.",
    "413": "The body is larger than 1 MB.",
    "500": "Something went wrong on our side; the request was not carried out.",
}
SOMETIMES = {"406": "Only the content types that are named here can be sent back."}
ALSO_SENT = {"401": "WWW-Authenticate", "405": "Allow", "429": "Retry-After"}
# Where the caller is a client that proved who it is, and so has a bucket.
COUNTED = ("200", "429")
FIRST_ERROR = "400"


class ServiceToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the base class registers it
    """An access token of `/oauth/token` (OAuth 2.0 client credentials, `private_key_jwt`)."""

    target_class = "accounts.authentication.ServiceAuthentication"
    name = "serviceToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of `/oauth/token`: OAuth 2.0 client credentials with "
            "`private_key_jwt`. docs/api/README.md tells how to get one.",
        }


def complete(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Add what is written by hand, and to every answer what all have in common (a hook of drf-spectacular)."""
    by_hand = yaml.safe_load(BY_HAND.read_text(encoding="utf-8"))
    result["servers"] = [{"url": settings.PUBLIC_BASE_URL}]
    result["paths"] = dict(sorted({**result["paths"], **by_hand["paths"]}.items()))
    for kind, named in by_hand["components"].items():
        known = result["components"].get(kind, {})
        result["components"][kind] = dict(sorted({**known, **named}.items()))
    for operation in _operations(result["paths"]):
        operation.setdefault("parameters", []).append(_named("parameters", "RequestId"))
        for status, said in ANYWHERE.items():
            operation["responses"].setdefault(status, {"description": said})
        operation["responses"] = dict(sorted(operation["responses"].items()))
        for status, response in operation["responses"].items():
            _describe(status, response)
        if "429" in operation["responses"]:
            for status in COUNTED:
                for name in ("RateLimit-Policy", "RateLimit"):
                    operation["responses"][status]["headers"][name] = _named("headers", name)
    return result


def _operations(paths: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in paths.values():
        yield from methods.values()


def _describe(status: str, response: dict[str, Any]) -> None:
    response.setdefault("description", SOMETIMES.get(status, ""))
    headers = {
        "API-Version": _named("headers", "ApiVersion"),
        "X-Request-ID": _named("headers", "RequestId"),
    }
    if status in ALSO_SENT:
        headers[ALSO_SENT[status]] = _named("headers", ALSO_SENT[status])
    response["headers"] = headers
    if status >= FIRST_ERROR:
        problem = {"schema": _named("schemas", "Problem")}
        response.setdefault("content", {})["application/problem+json"] = problem


def _named(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
