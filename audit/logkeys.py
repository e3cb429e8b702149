"""The key at the root that is never in the database and signs: `log.key`. The one that wraps: `masterkeys`."""

from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from audit.keyfiles import KeyFileError, read_or_make
from audit.models import Checkpoint


def log_key() -> Ed25519PrivateKey:
    """Return the private key that signs checkpoints and exports, from `log.key`.

    Raises:
        KeyFileError: it is gone while checkpoints exist, or it cannot be read.
    """
    return _log_key(settings.KEYS_DIR)


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


def _new_log_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
