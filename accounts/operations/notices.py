"""Telling people what happened to their account: put in the outbox here, mailed by `consent.operations.notices`."""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from django.db import connection, transaction

from accounts.models import Notice, User
from accounts.notice_kinds import NoticeKind
from audit import keyring
from audit.models import Key

_TO = "to"


def notify(
    *,
    user: User | None,
    kind: NoticeKind,
    at: datetime,
    facts: Mapping[str, str] | None = None,
    address: str = "",
    key: Key | None = None,
    language: str = "",
) -> None:
    """Put a mail to the owner of this account in the outbox, in the transaction that it tells about.

    `facts` is what its words need; the token of a link is one. It goes to `address` instead of the
    address of the account where that is given. For who has no account (`user` is None), `address` is
    needed; `key` then seals it, or else the key of the month.

    Raises:
        TransactionManagementError: there is no transaction to be part of.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A notice is put in the outbox in the transaction that it tells about."
        )
    sealing = key or (user.key if user else keyring.month_key(at=at))
    notice = Notice(
        id=uuid4(),
        user=user,
        key=sealing,
        kind=kind,
        language=language or (user.language if user else "nl"),
        created_at=at,
        next_try_at=at,
    )
    content = json.dumps({**(facts or {}), **({_TO: address} if address else {})})
    notice.facts_sealed = keyring.seal(
        key=sealing, plaintext=content.encode(), context=_context(notice)
    )
    notice.save(force_insert=True)


def facts_of(notice: Notice) -> tuple[dict[str, str], str]:
    """Return what the words of a notice need, and the address it goes to ("": that of the account).

    Raises:
        KeyDestroyedError: the person was erased.
    """
    opened = keyring.open_sealed(
        key=notice.key, sealed=bytes(notice.facts_sealed), context=_context(notice)
    )
    facts: dict[str, str] = json.loads(opened)
    return facts, facts.pop(_TO, "")


def _context(notice: Notice) -> str:
    return f"accounts.notice|{notice.id}|facts"
