"""The key ring: one data key per owner and per month, wrapped by a master key that is not in the database.

Destroying a data key erases everything that it sealed (GDPR art. 17), in backups of the database as
well once the master key has been replaced. The log outlives the keys: a leaf never needs one.
"""

import secrets
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import IntegrityError, connection, transaction

from audit import masterkeys
from audit.canonical import Json
from audit.masterkeys import KEY_SIZE, MasterKey
from audit.models import Key

_FORMAT = b"\x01"
_NONCE_SIZE = 12
_REMEMBERED = 10_000  # rows of about 300 bytes


class SealBrokenError(Exception):
    """Sealed bytes were changed, moved, or sealed by another key."""


class KeyDestroyedError(Exception):
    """The key was destroyed: what it sealed is erased."""


class _EpochEndedError(Exception):
    """The master key was destroyed while a key was being wrapped by it."""


# Rows that are known to be committed. A row that this process made is remembered only after its
# commit, so that a rollback cannot leave a key behind that the database does not have.
_committed: dict[UUID | str, Key] = {}
_uncommitted: set[UUID] = set()


def living_key(*, owner_id: UUID, at: datetime) -> Key:
    """Return the key of this owner, making it when there is none that lives.

    Raises:
        KeyFileError: the master key is not the one that the database was sealed with.
    """
    return _found_or_made(
        owner_id,
        at=at,
        kind=Key.Kind.OWNER,
        owner_id=owner_id,
        destroyed_at=None,
    )


def month_key(*, at: datetime) -> Key:
    """Return the key of the organisation for the month (UTC) of `at`, making it when there is none.

    Raises:
        KeyFileError: the master key is not the one that the database was sealed with.
    """
    month = month_of(at)
    return _found_or_made(
        month,
        at=at,
        kind=Key.Kind.MONTH,
        month=month,
    )


def month_of(at: datetime) -> str:
    """Return the month (UTC) whose key seals what happens at this moment."""
    return f"{at.astimezone(UTC):%Y-%m}"


def name_of(key: Key) -> dict[str, Json]:
    """Return how the log names a key: nothing in it tells whose it is."""
    return {"key": str(key.id), "kind": key.kind, "month": key.month}


def destroy(*, key: Key, at: datetime) -> None:
    """Destroy a key: what it sealed can never be read again. Destroying it twice is harmless.

    Only `audit.operations.destroy_key` may call this: a destruction is an event in the log.
    """
    Key.objects.filter(pk=key.pk, destroyed_at=None).update(wrapped=None, destroyed_at=at)
    _purge(key)
    transaction.on_commit(lambda: _purge(key))  # someone may have read it until now


def forget(key: Key) -> None:
    """Ask the database again, the next time that this key is wanted."""
    for name in [name for name, known in list(_committed.items()) if known.pk == key.pk]:
        _committed.pop(name, None)


def _purge(key: Key) -> None:
    """Leave nothing of a destroyed key in the memory of this process."""
    forget(key)
    _unwrap.cache_clear()
    _derived.cache_clear()


def leave_no_copy() -> None:
    """Empty the write-ahead log of SQLite, where pages stand as they were before, after the commit.

    PostgreSQL keeps old pages until it needs the room; there the next epoch of the master key makes them useless.
    """
    if connection.vendor == "sqlite":
        transaction.on_commit(_empty_wal)


def _empty_wal() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def forget_all() -> None:
    """Ask the database again for every key."""
    _committed.clear()


def seal(*, key: Key, plaintext: bytes, context: str) -> bytes:
    """Encrypt (AES-256-GCM) under this key, bound to the key and to `context`: a place, such as a column.

    Raises:
        KeyDestroyedError: the key was destroyed.
    """
    nonce = secrets.token_bytes(_NONCE_SIZE)
    return _FORMAT + nonce + AESGCM(unwrapped(key)).encrypt(nonce, plaintext, _bound(key, context))


def open_sealed(*, key: Key, sealed: bytes, context: str) -> bytes:
    """Return what was sealed under this key for this context.

    Raises:
        KeyDestroyedError: the key was destroyed.
        SealBrokenError: the bytes are not what this key sealed for this context.
    """
    content = bytes(sealed)
    opened = AESGCM(unwrapped(key))
    if content[:1] != _FORMAT or len(content) < 1 + _NONCE_SIZE:
        raise SealBrokenError("These bytes were not sealed by this key ring.")
    nonce, ciphertext = content[1 : 1 + _NONCE_SIZE], content[1 + _NONCE_SIZE :]
    try:
        return opened.decrypt(nonce, ciphertext, _bound(key, context))
    except InvalidTag as error:
        raise SealBrokenError("The sealed bytes do not belong to this key and place.") from error


def blind_index(*, label: str, value: str) -> str:
    """Return a keyed hash by which `value` can be found again without being stored (hex, 64 long)."""
    mac = hmac.HMAC(masterkeys.index_key(label), hashes.SHA256())
    mac.update(value.encode())
    return mac.finalize().hex()


def tag_key(key: Key) -> bytes:
    """Return the key that makes the subject tags of this owner.

    Raises:
        KeyDestroyedError: the key was destroyed.
    """
    return _derived(unwrapped(key), "regie/subject-tag/1")


def unwrapped(key: Key) -> bytes:
    """Return the data key itself.

    Raises:
        KeyDestroyedError: it was destroyed.
        KeyFileError: it was wrapped by a master key that we do not have.
        SealBrokenError: the row of the key was changed.
    """
    master = masterkeys.masters().by_id.get(key.master_key_id)
    if master is None and key.wrapped is not None:
        key, master = _wrapped_again(key)
    if key.wrapped is None or key.destroyed_at is not None:
        raise KeyDestroyedError
    if master is None:
        raise masterkeys.wrong_master()
    return _unwrap(master, _identity(key), bytes(key.wrapped))


def _wrapped_again(key: Key) -> tuple[Key, MasterKey | None]:
    """Read a key anew: its epoch ended since it was read, so what is remembered of that goes too."""
    forget_all()
    _unwrap.cache_clear()
    if masterkeys.has_changed():
        masterkeys.forget()
    fresh = Key.objects.filter(pk=key.pk).first() or key
    return fresh, masterkeys.masters().by_id.get(fresh.master_key_id)


def _found_or_made(name: UUID | str, *, at: datetime, **identity: object) -> Key:
    if known := _committed.get(name):
        return known
    key = Key.objects.filter(**identity).first()
    if key is None:
        key = _made(at, identity)
        _uncommitted.add(key.pk)
        transaction.on_commit(lambda: _remember(name, key))
    elif key.pk not in _uncommitted:
        _keep(name, key)
    return key


def _made(at: datetime, identity: dict[str, object]) -> Key:
    """Store a new key, or return the one that another process stored at the same moment."""
    wanted = Key(created_at=at, **identity)
    master = _wrap_new_secret(wanted)
    try:
        with transaction.atomic():
            _store(wanted, master)
    except _EpochEndedError:
        masterkeys.forget()
        return _made(at, identity)
    except IntegrityError:
        return Key.objects.get(**identity)
    return wanted


def _store(key: Key, master: MasterKey) -> None:
    """Store a new key. From here on `rotate_master_key` waits for our commit, so this epoch cannot end."""
    key.save(force_insert=True)
    if masterkeys.is_gone(master):
        raise _EpochEndedError


def _remember(name: UUID | str, key: Key) -> None:
    _uncommitted.discard(key.pk)
    _keep(name, key)


def _keep(name: UUID | str, key: Key) -> None:
    if len(_committed) >= _REMEMBERED:
        _committed.clear()
    _committed[name] = key


def wrap_again(key: Key, *, master: MasterKey) -> None:
    """Wrap a data key that lives with another master key; storing it is for the caller.

    Raises:
        KeyFileError: it was wrapped by a master key that we do not have.
        SealBrokenError: the row of the key was changed.
    """
    _wrap(key, unwrapped(key), master)


def _wrap_new_secret(key: Key) -> MasterKey:
    master = masterkeys.masters().current
    _wrap(key, secrets.token_bytes(KEY_SIZE), master)
    return master


def _wrap(key: Key, secret: bytes, master: MasterKey) -> None:
    nonce = secrets.token_bytes(_NONCE_SIZE)
    key.master_key_id = master.id
    key.wrapped = _FORMAT + nonce + AESGCM(master.key).encrypt(nonce, secret, _identity(key))


def _identity(key: Key) -> bytes:
    """What the master key vouches for: a key that is given to another owner no longer opens."""
    return f"regie/key/1/{key.id}/{key.kind}/{key.owner_id or ''}/{key.month}".encode()


def _bound(key: Key, context: str) -> bytes:
    return f"regie/sealed/1/{key.id}/{context}".encode()


@lru_cache(maxsize=4096)
def _unwrap(master: MasterKey, identity: bytes, wrapped: bytes) -> bytes:
    nonce, ciphertext = wrapped[1 : 1 + _NONCE_SIZE], wrapped[1 + _NONCE_SIZE :]
    if wrapped[:1] != _FORMAT or len(wrapped) < 1 + _NONCE_SIZE:
        raise SealBrokenError("The wrapped key is damaged.")
    try:
        return AESGCM(master.key).decrypt(nonce, ciphertext, identity)
    except InvalidTag as error:
        raise SealBrokenError("The wrapped key is damaged, or of another owner.") from error


@lru_cache(maxsize=4096)
def _derived(key: bytes, purpose: str) -> bytes:
    return masterkeys.derived(key, purpose)
