"""What we ask of a device and how we check its answer (Web Authentication level 3, sections 7.1 and 7.2).

django-otp-webauthn does the work; its views are not used. Here stand our own rules: the device always
checks who holds it, no attestation is kept, and an answer without a user names its owner.
"""

from typing import Any

from django_otp_webauthn import exceptions
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnUserHandle
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import UserVerificationRequirement

from accounts.identity import email_of
from accounts.models import Passkey, User

# What the package and the libraries below it raise at an answer that is not right.
REFUSALS = (WebAuthnException, exceptions.OTPWebAuthnApiError, ValueError)


class Ceremonies(WebAuthnHelper):  # type: ignore[misc]  # the package is not typed
    """Makes the questions to a device, and checks the answers."""

    def __init__(self) -> None:
        super().__init__(request=None)  # it would only be asked for settings

    def get_generate_registration_options_kwargs(self, *, user: User) -> dict[str, Any]:
        options: dict[str, Any] = super().get_generate_registration_options_kwargs(user=user)
        selection = options["authenticator_selection"]
        selection.user_verification = UserVerificationRequirement.REQUIRED
        return options

    def get_credential_name(self, user: User) -> str:
        """Return by which name the device shows the account to its owner; it stays on that device."""
        return email_of(user)

    def get_credential_display_name(self, user: User) -> str:
        return email_of(user)

    def create_credential(self, *args: Any, **kwargs: Any) -> Passkey:
        passkey: Passkey = super().create_credential(*args, **kwargs)
        passkey.name = "passkey"
        passkey.aaguid = ""
        return passkey

    def create_attestation(self, *_args: object, **_kwargs: object) -> None:
        """Keep nothing: we ask for no attestation, and who made a device is not our business."""

    def authenticate_complete(
        self, user: User | None, state: dict[str, Any], data: dict[str, Any]
    ) -> Passkey:
        """Return the passkey that answered.

        Raises:
            WebAuthnException, OTPWebAuthnApiError, ValueError: it proves nothing; see `REFUSALS`.
        """
        passkey: Passkey = super().authenticate_complete(user=user, state=state, data=data)
        named = parse_authentication_credential_json(data).response.user_handle
        # Section 7.2 step 6: who did not say who he is, is named by the device.
        if (named is not None or user is None) and named != _handle_of(passkey):
            raise exceptions.CredentialUserMismatch
        return passkey


def _handle_of(passkey: Passkey) -> bytes | None:
    found = WebAuthnUserHandle.objects.filter(user_id=passkey.user_id).first()
    return found.handle if found else None
