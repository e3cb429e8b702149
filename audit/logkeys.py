"""The keys that sign the heads of the log: the private halves in files, the public ones with their sizes in the database.

`log.key` signs. While it makes way for the next, `log-next.key` signs as well; at the end it takes
its place. Nothing private is kept in memory: a key that was destroyed is gone.
"""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from audit.checkpoint import (
    KEY_ID_SIZE,
    CheckpointError,
    Verifier,
    parse_note,
    parse_vkey,
    verifier_of,
)
from audit.keyfiles import KeyFileError, signing_key
from audit.models import Checkpoint, LogKey
from audit.signers import KeyRange, LogKeys

CURRENT, NEXT = "log.key", "log-next.key"
_vkeys: dict[tuple[str, bytes], str] = {}  # by name and key id, which are in every signature


def known() -> LogKeys:
    """Return every key of this log that signs or signed. Until there was a second one, it is that of `log.key`.

    Raises:
        KeyFileError: there is no other, and it is gone or cannot be read.
    """
    rows = LogKey.objects.exclude(from_size=None).order_by("from_size", "id")
    ranges = tuple(filter(None, map(_range, rows)))
    return LogKeys(ranges) if ranges else LogKeys.of(_public(_first_key()))


def signing(*, size: int) -> list[Ed25519PrivateKey]:
    """Return the private keys that sign a head of this size, the newest last.

    Raises:
        KeyFileError: one of them is gone or cannot be read, no key counts for that size, or it has another name.
    """
    keys = _at(size)
    if keys[-1].name != settings.LOG_ORIGIN:
        raise KeyFileError(f"The log goes on as {keys[-1].name}. Set REGIE_LOG_ORIGIN to that.")
    return [private(verifier) for verifier in keys]


def log_key(*, size: int | None = None) -> Ed25519PrivateKey:
    """Return the newest private key that signs, or that counts for a head of this size: it signs exports of it.

    Raises:
        KeyFileError: it is gone while checkpoints exist, it cannot be read, or no key counts for that size.
    """
    return private(known().newest if size is None else _at(size)[-1])


def named(origin: str) -> LogKeys:
    """Return what `known` does, for a log that had this name until now.

    Raises:
        KeyFileError: as `known`.
    """
    keys = known()
    if LogKey.objects.exists():
        return keys
    return LogKeys.of(Verifier(name=origin, key=keys.newest.key))


def first_size() -> int:
    """Return the first size that was signed, or will be, under the name that the log has now."""
    ranges = known().ranges
    return min(one.first for one in ranges if one.verifier.name == ranges[-1].verifier.name)


def vkey_under(note: str) -> str:
    """Return the newest key of the log that signed this note of ours. It asks the database once per key."""
    head, signatures = parse_note(note)
    ours = [(name, body[:KEY_ID_SIZE]) for name, body in signatures if name == head.origin]
    if ours[-1] not in _vkeys:
        keys = (one.verifier for one in known().ranges)
        _vkeys.update({(key.name, key.key_id): key.to_vkey() for key in keys})
    return _vkeys[ours[-1]]


def next_key() -> Verifier:
    """Return the public half of `log-next.key`, making it when it does not exist.

    Raises:
        KeyFileError: it cannot be read or made.
    """
    return _public(signing_key(settings.KEYS_DIR / NEXT))


def is_next_left() -> bool:
    """Return whether the file of the next key did not take its place yet."""
    return (settings.KEYS_DIR / NEXT).exists()


def replace_file() -> None:
    """Overwrite `log.key`, and let `log-next.key` take its place."""
    path: Path = settings.KEYS_DIR / CURRENT
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, bytes(os.fstat(descriptor).st_size))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    (settings.KEYS_DIR / NEXT).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _range(row: LogKey) -> KeyRange | None:
    """Return what the row says; None when it was changed, which `audit.signer_checks` tells."""
    try:
        return KeyRange(verifier=parse_vkey(row.vkey), first=row.from_size or 0, last=row.to_size)
    except CheckpointError:
        return None


def _at(size: int) -> list[Verifier]:
    if found := known().at(size):
        return found
    raise KeyFileError(
        f"No key of the log counts for a head of {size} entries. Run: python3 manage.py verify_log"
    )


def _first_key() -> Ed25519PrivateKey:
    path = settings.KEYS_DIR / CURRENT
    if not path.exists() and Checkpoint.objects.exists():
        raise KeyFileError(f"{path} is gone. Restore {CURRENT} from your backup.")
    return signing_key(path)


def private(wanted: Verifier) -> Ed25519PrivateKey:
    """Return the private half of this key.

    Raises:
        KeyFileError: no file here holds it.
    """
    for name in (CURRENT, NEXT):
        path = settings.KEYS_DIR / name
        with suppress(KeyFileError):
            if path.exists() and _is_half(key := signing_key(path), wanted):
                return key
    raise KeyFileError(
        f"No file in {settings.KEYS_DIR} holds the key of the log {wanted.to_vkey()}. Restore {CURRENT}, and "
        f"{NEXT} when there was one, from your backup."
    )


def _is_half(key: Ed25519PrivateKey, wanted: Verifier) -> bool:
    return verifier_of(key=key, origin=wanted.name) == wanted


def _public(key: Ed25519PrivateKey) -> Verifier:
    return verifier_of(key=key, origin=settings.LOG_ORIGIN)
