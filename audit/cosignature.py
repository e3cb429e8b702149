"""What a witness signs: that, at this time, this was the newest head it saw of a log that only grew. Pure.

C2SP tlog-cosignature, `cosignature/v1` with Ed25519. It is one more line under the signed head.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import checkpoint
from audit.checkpoint import ED25519_COSIGNATURE, CheckpointError, Head, Verifier

_TIME_SIZE = 8
_END_OF_TIME = 253_370_764_799  # of the year 9998: later, no clock of another zone can show it


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """That this witness saw the head, when it says it did, and the line that proves it."""

    witness: Verifier
    at: datetime
    line: str


def parse_vkey(vkey: str) -> Verifier:
    """Read the key of a witness.

    Raises:
        CheckpointError: it is malformed, or not the key of a witness.
    """
    return checkpoint.parse_vkey(vkey, kind=ED25519_COSIGNATURE)


def verifier_of(*, key: Ed25519PrivateKey, name: str) -> Verifier:
    """Return the public half of the key of a witness.

    Raises:
        CheckpointError: it cannot have this name.
    """
    return checkpoint.verifier_of(key=key, origin=name, kind=ED25519_COSIGNATURE)


def cosign(*, head: Head, key: Ed25519PrivateKey, name: str, at: datetime) -> str:
    """Return the line by which the witness signs the head."""
    seconds = int(at.timestamp())
    signature = key.sign(_message(head, seconds))
    return checkpoint.signature_line(
        verifier_of(key=key, name=name), seconds.to_bytes(_TIME_SIZE) + signature
    )


def cosignatures(
    *, head: Head, signatures: list[tuple[str, bytes]], witnesses: Iterable[Verifier]
) -> list[Cosignature]:
    """Return who of these witnesses signed; a signature of somebody else is left alone.

    Raises:
        CheckpointError: a signature says that it is of one of them, and is not.
    """
    return [
        _cosignature(head, witness, body)
        for witness in witnesses
        for body in checkpoint.bodies_of(witness, signatures)[:1]
    ]


def _cosignature(head: Head, witness: Verifier, body: bytes) -> Cosignature:
    seconds = int.from_bytes(body[:_TIME_SIZE])
    is_right = seconds <= _END_OF_TIME and witness.accepts(
        message=_message(head, seconds), signature=body[_TIME_SIZE:]
    )
    if not is_right:
        raise CheckpointError(f"The signature of the witness {witness.name} is not right.")
    return Cosignature(
        witness=witness,
        at=datetime.fromtimestamp(seconds, UTC),
        line=checkpoint.signature_line(witness, body),
    )


def _message(head: Head, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{head.to_text()}".encode()
