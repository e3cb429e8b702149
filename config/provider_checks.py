"""Checks of the settings of logging in with a provider: half of them is worse than none."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from accounts.errors import JwkError
from accounts.oidc.provider import client_key, is_safe


@checks.register(checks.Tags.security)
def provider_is_complete(**_options: object) -> list[checks.CheckMessage]:
    """Stop an installation on which people are sent to a provider and cannot come back."""
    if not settings.OIDC_ISSUER:
        return []
    return [
        checks.Error(fault, hint=hint, id=f"regie.E{number}") for number, fault, hint in _faults()
    ]


def _faults() -> Iterator[tuple[str, str, str]]:
    if not is_safe(settings.OIDC_ISSUER) or settings.OIDC_ISSUER.strip() != settings.OIDC_ISSUER:
        yield (
            "030",
            "REGIE_OIDC_ISSUER is not an https: address.",
            "Write it exactly as the provider does in its metadata, with or without the slash at the end.",
        )
    if not settings.OIDC_CLIENT_ID or not settings.OIDC_NAME:
        yield (
            "031",
            "REGIE_OIDC_CLIENT_ID or REGIE_OIDC_NAME is missing.",
            "Set the client id that the provider gave you, and what people call the provider.",
        )
    if bool(settings.OIDC_CLIENT_KEY) is bool(settings.OIDC_CLIENT_SECRET):
        yield (
            "032",
            "The provider cannot know that it is us, or in two ways at once.",
            "Set REGIE_OIDC_CLIENT_KEY_FILE or REGIE_OIDC_CLIENT_SECRET_FILE, and not both.",
        )
    if settings.OIDC_CLIENT_KEY and not _is_usable(settings.OIDC_CLIENT_KEY):
        yield (
            "033",
            "REGIE_OIDC_CLIENT_KEY is not a private key that we can sign with.",
            "Give it as PEM: RSA of 2048 to 4096 bits, EC P-256 or Ed25519, without a password.",
        )
    if settings.OIDC_ACR not in settings.OIDC_ACR_LEVELS:
        yield (
            "034",
            "REGIE_OIDC_ACR is not one of REGIE_OIDC_ACR_LEVELS.",
            "Write the levels as the provider does, the lowest first, and choose the lowest that is enough.",
        )


def _is_usable(pem: str) -> bool:
    try:
        client_key(pem)
    except (ValueError, TypeError, JwkError):  # TypeError: it wants a password
        return False
    return True
