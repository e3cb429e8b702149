"""Secrets that live in files beside the database, never in it: made on first need, readable by the owner only.

No Django here: the settings themselves read their secret key through this module.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class KeyFileError(Exception):
    """A key file cannot be made or read; the message says what to do."""


def read_or_make(
    path: Path, make: Callable[[], bytes], *, setting: str = "REGIE_KEYS_DIR"
) -> bytes:
    """Return the bytes of the key file, making it (mode 0600) when it does not exist.

    Two processes that start at once agree: whoever links its file first wins. `setting` names the folder.

    Raises:
        KeyFileError: the folder or the file cannot be read or written.
    """
    try:
        if not path.exists():
            _make_once(path, make())
        return path.read_bytes()
    except OSError as error:
        raise KeyFileError(
            f"The key file {path} cannot be read or made ({error.strerror}). "
            f"Give this account the right to read and write there, or set {setting}."
        ) from error


def destroy_file(path: Path) -> None:
    """Take a key file away for ever. From its first step on it counts as gone, also after a crash.

    Raises:
        KeyFileError: it cannot be removed.
    """
    try:
        doomed = path.rename(path.with_name(f".{path.name}{_DOOMED}"))
        _flush_folder(path.parent)
        _wipe(doomed)
    except OSError as error:
        raise _cannot_destroy(path, error) from error


def destroy_leftovers(folder: Path) -> None:
    """Destroy what a crash left of files that were to be destroyed.

    Raises:
        KeyFileError: it cannot be removed.
    """
    for path in folder.glob(f".*{_DOOMED}"):
        try:
            _wipe(path)
        except OSError as error:
            raise _cannot_destroy(path, error) from error


_DOOMED = ".destroyed"


def _wipe(path: Path) -> None:
    """Write over the content before the name goes: most disks then no longer have it."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    _flush_folder(path.parent)


def _cannot_destroy(path: Path, error: OSError) -> KeyFileError:
    return KeyFileError(
        f"The key file {path} cannot be destroyed ({error.strerror}). "
        "Give this account the right to write there, then run this again."
    )


def signing_key(path: Path, *, setting: str = "REGIE_KEYS_DIR") -> Ed25519PrivateKey:
    """Return the Ed25519 key in this file (PEM), making it when it does not exist.

    Raises:
        KeyFileError: it cannot be read or made, or holds something else.
    """
    restore = f"Restore {path.name} from your backup."
    try:
        key = serialization.load_pem_private_key(
            read_or_make(path, new_signing_key, setting=setting), password=None
        )
    except ValueError as error:
        raise KeyFileError(f"{path} is damaged. {restore}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} is not an Ed25519 key. {restore}")
    return key


def new_signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _make_once(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    _flush_folder(path.parent)


def _flush_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def django_secret(keys_dir: Path) -> str:
    """Return Django's SECRET_KEY from `django.key`."""
    return read_or_make(
        keys_dir / "django.key", lambda: secrets.token_urlsafe(64).encode()
    ).decode()
