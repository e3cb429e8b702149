"""Mailing what accounts tell their owners. A link is built from our own address, and from nothing a visitor sent."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.identity import email_of, name_of
from accounts.models import Notice
from accounts.notice_kinds import BROWSER, TOKEN, UNTIL, NoticeKind
from accounts.notice_words import WORDS
from accounts.operations.notices import facts_of
from accounts.wording import browser_words
from consent.operations.outbox import send_due
from consent.queries.register import organisation
from consent.templatetags.parts import moment


def send_notices(*, at: datetime) -> int:
    """Mail the notices that are due; return how many were sent. Any number of processes may call this."""
    waiting = Notice.objects.select_related("key", "user__key", "user__data_subject__key")
    return send_due(waiting, _mail, at=at, facts_sealed=b"")


def _mail(notice: Notice) -> None:
    facts, address = facts_of(notice)
    words = WORDS[NoticeKind(notice.kind)]
    user = notice.user
    to = address or (email_of(user) if user else "")
    with translation.override(notice.language):
        said = {**facts, "when": moment(notice.created_at)}
        if UNTIL in facts:
            said[UNTIL] = moment(datetime.fromisoformat(facts[UNTIL]))
        if BROWSER in facts:
            said[BROWSER] = browser_words(facts[BROWSER])
        subject = getattr(user, "data_subject", None)
        content = {
            "name": name_of(subject) if subject else "",
            "says": [str(paragraph) % said for paragraph in words.says],
            "link": _link(words.link, facts) if words.link else "",
            "was_it_you": words.was_it_you,
            "organisation": organisation(language=notice.language),
        }
        EmailMessage(
            subject=str(words.subject),
            body=render_to_string("email/notice.txt", content),
            to=[to],
        ).send()


def _link(name: str, facts: dict[str, str]) -> str:
    return settings.PUBLIC_BASE_URL + reverse(name, args=[facts[TOKEN]])
