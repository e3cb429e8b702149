"""The keys that access tokens are signed with: files in `KEYS_DIR`, of which another can take the place.

`token.key` signs. `token-previous.key` is the one before it: what it signed still counts, and both are
published, until the rotation is finished. The files are looked at again every second, so that every
process follows a rotation; and at once for a key that is not known yet.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from accounts import jwk
from audit.keyfiles import KeyFileError, destroy_file, destroy_leftovers, read_or_make

ALGORITHM = "ES256"
_CURRENT, _PREVIOUS, _NEXT = "token.key", "token-previous.key", "token-next.key"
_Stamp = tuple[int, int, int]  # what tells two files with one name apart


class RotationError(Exception):
    """The step cannot be taken now; the message says which one can."""


_LOOKED_AT_FOR = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SigningKey:
    private: ec.EllipticCurvePrivateKey
    public: ec.EllipticCurvePublicKey
    jwk: Mapping[str, Any]
    kid: str


Keys = tuple[SigningKey, ...]
_known: dict[str, tuple[datetime, Keys]] = {}


def known_keys(*, at: datetime) -> Keys:
    """Return the keys of which tokens count, as they were at most a second ago: for every request.

    Raises:
        KeyFileError: a file cannot be read or made, or holds something else.
    """
    folder = str(settings.KEYS_DIR)
    held = _known.get(folder)
    if held is not None and held[0] <= at < held[0] + _LOOKED_AT_FOR:
        return held[1]
    keys = accepted_keys()
    _known[folder] = (at, keys)
    return keys


def signing_key() -> SigningKey:
    """Return the key that signs tokens, making it on first need.

    Raises:
        KeyFileError: the file cannot be read or made, or holds something else.
    """
    path = f"{settings.KEYS_DIR}/{_CURRENT}"
    stamp = _stamp(path)
    if stamp is None:
        _made(path)
        stamp = _stamp(path)
    return _read(path, stamp)


def accepted_keys() -> Keys:
    """Return the keys of which tokens count: the one that signs, and the one before it during a rotation.

    Raises:
        KeyFileError: a file cannot be read or made, or holds something else.
    """
    now, path = signing_key(), f"{settings.KEYS_DIR}/{_PREVIOUS}"
    stamp = _stamp(path)
    return (now,) if stamp is None else _both(now, _read(path, stamp))


def begin_rotation() -> SigningKey:
    """Let a new key sign, from now on. What the old one signed still counts. May be run again after a crash.

    Raises:
        RotationError: a rotation was begun already.
        KeyFileError: a file cannot be read or written.
    """
    signing_key()
    now, before, draft = (Path(settings.KEYS_DIR, name) for name in (_CURRENT, _PREVIOUS, _NEXT))
    if _is_begun():
        raise RotationError(
            "Another key signs already. When ten minutes have passed: rotate_token_key --finish"
        )
    _made(str(draft))
    try:
        # First a second name, then the change: at no moment is there no key, or one that nobody accepts.
        before.unlink(missing_ok=True)  # the second name, of a step that was cut short
        os.link(now, before)
        draft.replace(now)
    except OSError as error:
        raise _cannot_write(error) from error
    _known.clear()
    return signing_key()


def finish_rotation() -> None:
    """Destroy the key before this one: what it signed no longer counts.

    Raises:
        RotationError: no rotation was begun.
        KeyFileError: the file cannot be removed.
    """
    destroy_leftovers(Path(settings.KEYS_DIR))
    if not _is_begun():
        raise RotationError("One key signs, and no other counts. First: rotate_token_key")
    destroy_file(Path(settings.KEYS_DIR, _PREVIOUS))
    _known.clear()


def _is_begun() -> bool:
    """Return whether there are two keys. Two names of one file are a step that was cut short."""
    now, before = (Path(settings.KEYS_DIR, name) for name in (_CURRENT, _PREVIOUS))
    return before.exists() and not before.samefile(now)


def _both(now: SigningKey, before: SigningKey) -> Keys:
    return (now,) if before.kid == now.kid else (now, before)


def _stamp(path: str) -> _Stamp | None:
    """Return what tells this file from another with its name: microseconds, for it is asked on every request."""
    try:
        found = os.stat(path)  # noqa: PTH116  a Path costs ten times as much
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _made(path: str) -> bytes:
    return read_or_make(Path(path), lambda: jwk.to_pem(ec.generate_private_key(ec.SECP256R1())))


@lru_cache(maxsize=8)
def _read(path: str, _stamp: _Stamp | None) -> SigningKey:
    try:
        private = serialization.load_pem_private_key(_made(path), password=None)
    except ValueError as error:
        raise KeyFileError(f"{path} is damaged. Delete it: a new one is made.") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise KeyFileError(f"{path} is not a P-256 key. Delete it: a new one is made.")
    public = private.public_key()
    members = jwk.from_public_key(public)
    kid = jwk.thumbprint(members)
    members |= {"kid": kid, "use": "sig", "alg": ALGORITHM}
    return SigningKey(private=private, public=public, jwk=members, kid=kid)


def _cannot_write(error: OSError) -> KeyFileError:
    return KeyFileError(
        f"The folder with keys cannot be written ({error.strerror}). Give this account the right to write there."
    )
