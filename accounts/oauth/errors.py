"""How a request for a token is refused (RFC 6749 section 5.2)."""

from http import HTTPStatus


class OAuthError(Exception):
    """A refusal. `description` says what to do; it repeats nothing of what was sent."""

    code = "invalid_request"
    status = HTTPStatus.BAD_REQUEST

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class InvalidRequestError(OAuthError):
    """The request is not complete, or not well formed."""


class InvalidClientError(OAuthError):
    """The client did not prove who it is."""

    code = "invalid_client"
    status = HTTPStatus.UNAUTHORIZED


class UnsupportedGrantTypeError(OAuthError):
    """There is one grant type here."""

    code = "unsupported_grant_type"


class InvalidScopeError(OAuthError):
    """The client may not have what it asks for."""

    code = "invalid_scope"
