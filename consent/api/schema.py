"""What the OpenAPI description says about tokens; imported by the API so that the generator knows it."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


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
