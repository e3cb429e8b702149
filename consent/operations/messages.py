"""Confirmations in black and white: mailed from the outbox, each exactly once unless a crash falls between sending and noting."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.db import transaction
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
_TRIES = 10
_CLAIM_LASTS = timedelta(minutes=2)
_LONGEST_WAIT = timedelta(hours=6)


def send_messages(*, at: datetime) -> int:
    """Mail what is due; return how many were sent. Any number of processes may call this."""
    due = Message.objects.filter(sent_at=None, attempts__lt=_TRIES, next_try_at__lte=at)
    sent = 0
    for message in _claimed(due.order_by("next_try_at")[:BATCH], at=at):
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


def _claimed(messages: Iterable[Message], *, at: datetime) -> list[Message]:
    """Take each message that nobody else took: whoever moves its next try forward has it.

    A mail that fails is tried again after the claim runs out, ever later, ten times in all.
    """
    taken = []
    for message in messages:
        wait = min(_CLAIM_LASTS * 2**message.attempts, _LONGEST_WAIT)
        with transaction.atomic():
            if Message.objects.filter(pk=message.pk, next_try_at=message.next_try_at).update(
                next_try_at=at + wait, attempts=F("attempts") + 1
            ):
                taken.append(message)
    return taken


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
