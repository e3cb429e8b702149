"""What making a letter does to its code. The letter itself is made where the address is known: `consent.operations.letters`."""

from datetime import datetime

from accounts.models import PostedCode
from accounts.notice_kinds import NoticeKind
from accounts.operations import posted_codes
from accounts.operations.events import log_about
from accounts.operations.notices import notify
from audit.events import EventKind


def take_to_print(posted: PostedCode, *, at: datetime) -> str | None:
    """Return the code for its letter and forget it, in the transaction that writes the letter; None: another has it.

    Raises:
        KeyDestroyedError: the person was erased.
    """
    code = posted_codes.take_to_print(posted, at=at)
    if code is not None:
        log_about(EventKind.LETTER_MADE, subject=posted.subject, by=None, at=at)
    return code


def refuse_device_letter(posted: PostedCode, *, at: datetime) -> None:
    """Make no letter: the address is too new, or not known. Its owner is told by mail, and nobody else."""
    if not PostedCode.objects.filter(pk=posted.pk, printed_at=None).delete()[0]:
        return
    log_about(EventKind.LETTER_REFUSED, subject=posted.subject, by=None, at=at)
    if posted.subject.user is not None:
        notify(user=posted.subject.user, kind=NoticeKind.DEVICE_LETTER_REFUSED, at=at)
