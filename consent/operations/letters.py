"""Letters with a code, made for whoever prints and posts them: one page per file, readable by this account alone."""

import logging
import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from accounts.identity import name_of, reference_of
from accounts.models import DataSubject, PostedCode
from accounts.operations.letters import refuse_device_letter, take_to_print
from audit import keyring
from consent.models import HeldItem
from consent.queries.holdings import held_context
from consent.queries.register import organisation

logger = logging.getLogger(__name__)

_BATCH = 50
SETTLED_AFTER = timedelta(days=30)  # an address that is younger gets no code for an account


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    lines: list[str]
    since: date


def make_letters(*, at: datetime) -> int:
    """Make the letters that are due; return how many. Any number of processes may call this.

    A letter about a lost app goes only to an address that we have had for a month; else its owner is
    mailed that there is none.
    """
    waiting = PostedCode.objects.filter(printed_at=None).select_related(
        "subject__key", "subject__user__key"
    )
    made = 0
    for posted in waiting.order_by("created_at")[:_BATCH]:
        try:
            with transaction.atomic():
                made += _make(posted, at=at)
        except keyring.KeyDestroyedError:
            PostedCode.objects.filter(pk=posted.pk).delete()
        except OSError as error:
            logger.warning("A letter could not be written (%s).", error.strerror)
            break
    return made


def _make(posted: PostedCode, *, at: datetime) -> bool:
    address = _address_of(posted.subject)
    if posted.purpose == PostedCode.Purpose.DEVICE and not _is_settled(address, at=at):
        refuse_device_letter(posted, at=at)
        return False
    code = take_to_print(posted, at=at)
    if code is None:
        return False
    user = posted.subject.user
    _write(posted, code, address, language=user.language if user else "nl")
    return True


def _write(posted: PostedCode, code: str, address: PostalAddress | None, *, language: str) -> None:
    with translation.override(language):
        page = render_to_string(
            f"letters/{posted.purpose}.html",
            {
                "language": language,
                "name": name_of(posted.subject),
                "reference": reference_of(posted.subject),
                "address": address.lines if address else [],
                "code": code,
                "date": timezone.localtime(posted.created_at),
                "until": posted.expires_at,
                "site": settings.PUBLIC_BASE_URL,
                "page": settings.PUBLIC_BASE_URL + reverse("activation-code"),
                "organisation": organisation(language=language),
            },
        )
    folder = Path(settings.LETTERS_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{posted.pk}"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(page)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / f"{posted.pk}.html")


def _address_of(subject: DataSubject) -> PostalAddress | None:
    """Return where letters to this person go, as far as we hold it."""
    held = HeldItem.objects.filter(subject=subject, item__slug=settings.ADDRESS_ITEM)
    found = held.order_by("-obtained_on").first()
    if found is None:
        return None
    value = keyring.open_sealed(
        key=subject.key, sealed=bytes(found.value_sealed), context=held_context(found.pk)
    ).decode()
    lines = [line.strip() for line in value.replace(",", "\n").splitlines() if line.strip()]
    return PostalAddress(lines=lines, since=found.obtained_on)


def _is_settled(address: PostalAddress | None, *, at: datetime) -> bool:
    return address is not None and address.since <= timezone.localtime(at - SETTLED_AFTER).date()
