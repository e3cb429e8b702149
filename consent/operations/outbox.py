"""Mailing what is in an outbox, each exactly once unless a crash falls between sending and noting."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any, TypeVar

from django.db.models import F, QuerySet

from accounts.models import Notice
from audit import keyring
from consent.models import Message

logger = logging.getLogger(__name__)

BATCH = 50
_CLAIM_LASTS = timedelta(minutes=2)
_LONGEST_WAIT = timedelta(hours=6)
Mail = TypeVar("Mail", Message, Notice)


def send_due(
    waiting: "QuerySet[Mail]", mail: Callable[[Mail], None], *, at: datetime, **once_sent: Any
) -> int:
    """Mail what is due; return how many were sent. Any number of processes may call this.

    Each message is claimed just before it is mailed. One that ends this run, whatever is the matter
    with it, holds up no other: the next run begins with those that come after it.
    """
    sent = 0
    due = waiting.filter(sent_at=None, attempts__lt=waiting.model.TRIES, next_try_at__lte=at)
    for message in due.order_by("next_try_at")[:BATCH]:
        if not claim(message, at=at):
            continue
        try:
            mail(message)
        except keyring.KeyDestroyedError:
            pass  # erased since: there is nobody to mail
        except (SMTPException, OSError) as error:
            # The address and the text stay out of the log; the message is tried again later.
            logger.warning("A mail could not be sent (%s).", type(error).__name__)
            continue
        _row(message).update(sent_at=at, next_try_at=None, **once_sent)
        sent += 1
    return sent


def claim(message: Message | Notice, *, at: datetime) -> bool:
    """Take the message unless somebody else took it: whoever moves its next try forward has it.

    A mail that fails is tried again after the claim runs out, ever later, ten times in all.
    """
    wait = min(_CLAIM_LASTS * 2**message.attempts, _LONGEST_WAIT)
    mine = _row(message).filter(next_try_at=message.next_try_at)
    return mine.update(next_try_at=at + wait, attempts=F("attempts") + 1) == 1


def _row(message: Message | Notice) -> "QuerySet[Any]":
    return type(message)._default_manager.filter(pk=message.pk)  # noqa: SLF001  # documented
