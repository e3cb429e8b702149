"""Confirmations in black and white: what they say, and to whom."""

from datetime import datetime

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.identity import email_of, name_of
from consent.models import ConsentRecord, Message
from consent.operations.outbox import send_due
from consent.queries.choices import confirmation
from consent.queries.register import organisation


def send_messages(*, at: datetime) -> int:
    """Mail the confirmations that are due; return how many were sent. Any number of processes may call this."""
    return send_due(Message.objects.select_related("subject__user__key"), _mail, at=at)


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
