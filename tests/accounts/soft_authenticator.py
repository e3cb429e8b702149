"""A device with passkeys in memory (ES256, no attestation): what a browser and a telephone do together."""

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, MAY_BE_SYNCED, IS_SYNCED, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class SoftAuthenticator:
    """One passkey. `rp_id` and `origin` are where its owner is; a false site has others."""

    rp_id: str = "localhost"
    origin: str = "http://localhost:8000"
    verifies_user: bool = True
    is_synced: bool = True
    counts: bool = True  # one that is synced usually does not
    sign_count: int = 0
    user_handle: str | None = None
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, question: dict[str, Any]) -> str:
        """Make the passkey that is asked for."""
        self.user_handle = question["user"]["id"]
        about_key = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id
        made = {
            "fmt": "none",
            "attStmt": {},
            "authData": self._data(HAS_KEY) + about_key + self._public_key(),
        }
        return self._packed(
            clientDataJSON=text_of(self._client_data("webauthn.create", question)),
            attestationObject=text_of(cbor2.dumps(made)),
            transports=["internal"],
        )

    def get(self, question: dict[str, Any]) -> str:
        """Prove that the passkey is here."""
        if self.counts:
            self.sign_count += 1
        data, client_data = self._data(0), self._client_data("webauthn.get", question)
        signed = data + hashlib.sha256(client_data).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._packed(
            clientDataJSON=text_of(client_data),
            authenticatorData=text_of(data),
            signature=text_of(signature),
            userHandle=self.user_handle,
        )

    def _data(self, more: int) -> bytes:
        flags = PRESENT | more | (VERIFIED if self.verifies_user else 0)
        flags |= MAY_BE_SYNCED | IS_SYNCED if self.is_synced else 0
        place = hashlib.sha256(self.rp_id.encode()).digest()
        return place + bytes([flags]) + struct.pack(">I", self.sign_count)

    def _public_key(self) -> bytes:
        point = self.key.public_key().public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def _client_data(self, kind: str, question: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": question["challenge"], "origin": self.origin}
        return json.dumps({**told, "crossOrigin": False}).encode()

    def _packed(self, **response: Any) -> str:
        name = text_of(self.credential_id)
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "authenticatorAttachment": "platform",
                "clientExtensionResults": {"credProps": {"rk": True}},
                "response": response,
            }
        )
