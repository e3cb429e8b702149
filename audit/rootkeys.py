"""The two keys at the root, which are never in the database: `master.key` wraps, `log.key` signs."""

import json
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from audit.keyfiles import KeyFileError, read_or_make
from audit.leaf import from_base64, in_base64
from audit.models import Checkpoint, Key

KEY_SIZE = 32
_RESTORE = "Restore master.key from your backup."


@dataclass(frozen=True, slots=True)
class MasterKey:
    id: str
    key: bytes


def master_key() -> MasterKey:
    return _master_key(settings.KEYS_DIR)


def log_key() -> Ed25519PrivateKey:
    """Return the private key that signs checkpoints and exports, from `log.key`.

    Raises:
        KeyFileError: it is gone while checkpoints exist, or it cannot be read.
    """
    return _log_key(settings.KEYS_DIR)


@lru_cache(maxsize=4)
def _master_key(folder: Path) -> MasterKey:
    """Read or make the master key; a database that was sealed by another one never gets a new one."""
    path = folder / "master.key"
    sealed_by = set(
        Key.objects.filter(destroyed_at=None).values_list("master_key_id", flat=True).distinct()
    )
    if sealed_by and not path.exists():
        raise wrong_master()
    try:
        members = json.loads(read_or_make(path, _new_master_key))
        master = MasterKey(id=str(members["id"]), key=from_base64(members["key"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyFileError(f"{path} is not a master key. {_RESTORE}") from error
    if len(master.key) != KEY_SIZE:
        raise KeyFileError(f"{path} is not a master key. {_RESTORE}")
    if sealed_by - {master.id}:
        raise wrong_master()
    return master


@lru_cache(maxsize=4)
def _log_key(folder: Path) -> Ed25519PrivateKey:
    path = folder / "log.key"
    if not path.exists() and Checkpoint.objects.exists():
        raise KeyFileError(f"{path} is gone. Restore log.key from your backup.")
    try:
        key = serialization.load_pem_private_key(read_or_make(path, _new_log_key), password=None)
    except ValueError as error:
        raise KeyFileError(f"{path} is damaged. Restore log.key from your backup.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} is not an Ed25519 key. Restore log.key from your backup.")
    return key


def wrong_master() -> KeyFileError:
    return KeyFileError(
        f"The database was sealed with another master key than the one in the key folder. {_RESTORE}"
    )


def _new_master_key() -> bytes:
    members = {"id": secrets.token_hex(8), "key": in_base64(secrets.token_bytes(KEY_SIZE))}
    return json.dumps(members).encode()


def _new_log_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
