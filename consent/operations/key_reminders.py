"""Telling in time that the key of a system ends: by mail to its recipient, or to the administrators."""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils import translation

from accounts.client_keys import days_left, next_reminder
from accounts.identity import email_of
from accounts.models import ClientKey, Role, User
from consent.queries.register import organisation

logger = logging.getLogger(__name__)

_TRY_AGAIN_AFTER = timedelta(hours=1)


def remind_of_keys(*, at: datetime) -> int:
    """Mail about every key for which it is time, 60, 30 and 7 days before it ends; return about how many.

    Any number of processes may call this: whoever moves the next try forward has the reminder. One that
    could not be mailed is tried again an hour later.
    """
    told = 0
    due = ClientKey.objects.filter(reminder_due_at__lte=at).select_related("client__recipient")
    for key in due.order_by("reminder_due_at"):
        mine = ClientKey.objects.filter(pk=key.pk, reminder_due_at=key.reminder_due_at)
        if mine.update(reminder_due_at=at + _TRY_AGAIN_AFTER) != 1:
            continue
        if at < key.not_after and key.client.is_active:
            try:
                _mail(key, at=at)
            except (SMTPException, OSError) as error:
                logger.warning("A reminder could not be mailed (%s).", type(error).__name__)
                continue
            told += 1
        ClientKey.objects.filter(pk=key.pk).update(
            reminder_due_at=next_reminder(not_after=key.not_after, after=at)
        )
    return told


def _mail(key: ClientKey, *, at: datetime) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        facts = {
            "client_id": key.client.client_id,
            "kid": key.kid,
            "until": key.not_after,
            "days": days_left(not_after=key.not_after, at=at),
            "organisation": organisation(language=settings.LANGUAGE_CODE),
        }
        subject = render_to_string("email/key_ends.subject.txt", facts).strip()
        body = render_to_string("email/key_ends.txt", facts)
        # One message each: who else is written to is nobody's business.
        for address in _addresses(key.client.recipient.contact):
            EmailMessage(subject=subject, body=body, to=[address]).send()


def _addresses(contact: str) -> list[str]:
    """Return the address of the recipient when the catalogue gives one, else those of the administrators."""
    try:
        validate_email(contact)
    except ValidationError:
        admins = User.objects.filter(role=Role.ADMIN, is_active=True).select_related("key")
        return [email_of(admin) for admin in admins.order_by("created_at")]
    return [contact]
