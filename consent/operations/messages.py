"""Confirmations in black and white: mailed from the outbox, each exactly once unless a crash falls between sending and noting."""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.identity import email_of, name_of
from audit import keyring
from consent.models import ConsentRecord, Message
from consent.queries.choices import confirmation
from consent.queries.register import organisation

logger = logging.getLogger(__name__)

BATCH = 50
_CLAIM_LASTS = timedelta(minutes=2)
_LONGEST_WAIT = timedelta(hours=6)


def send_messages(*, at: datetime) -> int:
    """Mail what is due; return how many were sent. Any number of processes may call this.

    Each message is claimed just before it is mailed. One that ends this run, whatever is the matter
    with it, holds up no other: the next run begins with those that come after it.
    """
    sent = 0
    for message in _due(at=at):
        if not _claim(message, at=at):
            continue
        try:
            _mail(message)
        except keyring.KeyDestroyedError:
            pass  # erased since: there is nobody to mail
        except (SMTPException, OSError) as error:
            # The address and the text stay out of the log; the message is tried again later.
            logger.warning("A confirmation could not be mailed (%s).", type(error).__name__)
            continue
        Message.objects.filter(pk=message.pk).update(sent_at=at, next_try_at=None)
        sent += 1
    return sent


def _due(*, at: datetime) -> list[Message]:
    waiting = Message.objects.filter(sent_at=None, attempts__lt=Message.TRIES, next_try_at__lte=at)
    return list(waiting.select_related("subject__user__key").order_by("next_try_at")[:BATCH])


def _claim(message: Message, *, at: datetime) -> bool:
    """Take the message unless somebody else took it: whoever moves its next try forward has it.

    A mail that fails is tried again after the claim runs out, ever later, ten times in all.
    """
    wait = min(_CLAIM_LASTS * 2**message.attempts, _LONGEST_WAIT)
    mine = Message.objects.filter(pk=message.pk, next_try_at=message.next_try_at)
    return mine.update(next_try_at=at + wait, attempts=F("attempts") + 1) == 1


def _mail(message: Message) -> None:
    subject = message.subject
    if subject.user is None:
        return  # nobody to mail: the confirmation stands in the portal
    purpose = (
        ConsentRecord.objects.filter(subject=subject, submission=message.submission)
        .values_list("purpose__slug", flat=True)
        .first()
    )
    with translation.override(message.language):
        facts = {
            "confirmation": confirmation(
                subject=subject,
                purpose=purpose or "",
                number=message.submission,
                language=message.language,
            ),
            "name": name_of(subject),
            "organisation": organisation(language=message.language),
            "now": timezone.localtime(message.created_at),
        }
        mail = EmailMessage(
            subject=render_to_string("email/confirmation.subject.txt", facts).strip(),
            body=render_to_string("email/confirmation.txt", facts),
            to=[email_of(subject.user)],
        )
        mail.send()
