"""What somebody does who has a way to an account other than logging in: reads the mail, opens the letter."""

import re
from datetime import datetime
from html import unescape
from pathlib import Path

from django.conf import settings
from django.core import mail
from django.utils import timezone

from accounts.operations.requests import answer_requests
from audit import queries as log
from audit.canonical import Json
from audit.events import EventKind
from audit.queries import EntryView
from consent.operations.letters import make_letters
from consent.operations.notices import send_notices

NEW_PASSWORD = "kaneel onder de brug"
_CODE = re.compile(r'class="code">([0-9A-Z-]+)<')


def work(at: datetime | None = None) -> None:
    """Let the worker do what waits."""
    at = at or timezone.now()
    answer_requests(at=at)
    make_letters(at=at)
    send_notices(at=at)


def link_to(address: str, *, at: datetime | None = None) -> str:
    """Return where the newest link leads that was mailed to this address: a path on our own site."""
    work(at)
    newest = [sent for sent in mail.outbox if sent.to == [address]][-1]
    (found,) = re.findall(re.escape(settings.PUBLIC_BASE_URL) + r"(/\S+)", str(newest.body))
    return str(found)


def subjects_to(address: str) -> list[str]:
    return [str(sent.subject) for sent in mail.outbox if sent.to == [address]]


def letters() -> list[Path]:
    folder = Path(settings.LETTERS_DIR)
    return sorted(folder.glob("*.html")) if folder.is_dir() else []


def code_in_the_letter(*, at: datetime | None = None) -> str:
    """Return the code in the only letter there is."""
    work(at)
    (letter,) = letters()
    found = _CODE.search(unescape(letter.read_text(encoding="utf-8")))
    assert found
    return found[1]


def internal(line: EntryView) -> dict[str, Json]:
    """Return what only officers read of a line."""
    return dict(line.internal or {})


def lines(kind: EventKind) -> list[EntryView]:
    """Return the lines of this kind in the log, newest first."""
    return log.entries(filter=log.EntryFilter(kind=kind), before=None, limit=99)
