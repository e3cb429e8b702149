"""Passkeys: credentials of Web Authentication level 3, as devices of django-otp."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django_otp_webauthn.models import AbstractWebAuthnCredential

from audit import keyring


class Passkey(AbstractWebAuthnCredential):
    """A passkey of a user. We hold its public half; the other never leaves the device of its owner.

    What its owner calls it is sealed. Which make of device it is on we do not keep.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name_sealed = models.BinaryField(default=b"")

    class Meta:
        app_label = "accounts"
        # That of the package would index a column twice: it is unique already.
        indexes: ClassVar[list[models.Index]] = []

    def __str__(self) -> str:
        return f"passkey {self.public_id}"

    @classmethod
    def get_by_credential_id(  # type: ignore[override]  # the package names its own table
        cls, credential_id: bytes
    ) -> "Passkey":
        """Return the passkey with this id, its row locked: of two answers at once the second sees the count of the first."""
        digest = cls.get_credential_id_sha256(credential_id)
        found: Passkey = cls.objects.select_for_update().get(credential_id_sha256=digest)
        return found

    def keep_name(self, name: str, *, at: datetime) -> None:
        """Seal what its owner calls it with the key of that owner."""
        key = keyring.living_key(owner_id=self.user_id, at=at)
        self.name_sealed = keyring.seal(key=key, plaintext=name.encode(), context=self._context)

    @property
    def label(self) -> str:
        """Return what its owner calls it.

        Raises:
            KeyDestroyedError: what we knew of this user was erased.
        """
        return keyring.open_sealed(
            key=self.user.key, sealed=bytes(self.name_sealed), context=self._context
        ).decode()

    @property
    def _context(self) -> str:
        return f"accounts.passkey|{self.user_id}|{self.public_id}|name"
