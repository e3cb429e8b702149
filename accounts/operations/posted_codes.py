"""Codes that go by post: to who has no login yet, and to who lost the app and the recovery codes."""

from datetime import datetime, timedelta
from uuid import uuid4

from accounts import recovery_codes
from accounts.models import DataSubject, PostedCode
from audit import keyring

LASTS = {
    PostedCode.Purpose.ACTIVATION: timedelta(days=30),
    PostedCode.Purpose.DEVICE: timedelta(days=14),
}
NEXT_LETTER_AFTER = timedelta(days=7)  # nobody fills another's letter box


def post_code(*, subject: DataSubject, purpose: PostedCode.Purpose, at: datetime) -> bool:
    """Have a letter made with a new code, in the place of older ones; False when one was sent less than a week ago."""
    living = PostedCode.objects.filter(subject=subject, purpose=purpose, used_at=None)
    if living.filter(created_at__gt=at - NEXT_LETTER_AFTER, expires_at__gt=at).exists():
        return False
    living.delete()
    code = recovery_codes.new_code(recovery_codes.POSTED_LENGTH)
    posted = PostedCode(
        id=uuid4(),
        subject=subject,
        purpose=purpose,
        lookup=_lookup(purpose, code),
        created_at=at,
        expires_at=at + LASTS[purpose],
    )
    posted.code_sealed = keyring.seal(
        key=subject.key, plaintext=code.encode(), context=_context(posted)
    )
    posted.save(force_insert=True)
    return True


def posted_code(*, purpose: PostedCode.Purpose, typed: str, at: datetime) -> PostedCode | None:
    """Return the code that was meant, if it still counts for this purpose. It is not used up by this."""
    code = recovery_codes.canonical_code(typed, length=recovery_codes.POSTED_LENGTH)
    if code is None:
        return None
    found = PostedCode.objects.filter(
        purpose=purpose, lookup=_lookup(purpose, code), used_at=None, expires_at__gt=at
    )
    return found.select_related("subject__key", "subject__user__key").first()


def use_code(posted: PostedCode, *, at: datetime) -> bool:
    """Use a code up, in the transaction of what it is for; False when somebody used it meanwhile."""
    unused = PostedCode.objects.filter(pk=posted.pk, used_at=None, expires_at__gt=at)
    return unused.update(used_at=at) == 1


def take_to_print(posted: PostedCode, *, at: datetime) -> str | None:
    """Return the code for its letter, in groups, and forget it; None when somebody else makes the letter.

    Raises:
        KeyDestroyedError: the person was erased.
    """
    mine = PostedCode.objects.filter(pk=posted.pk, printed_at=None)
    if mine.update(printed_at=at, code_sealed=b"") != 1:
        return None
    code = keyring.open_sealed(
        key=posted.subject.key, sealed=bytes(posted.code_sealed), context=_context(posted)
    )
    return recovery_codes.in_groups(code.decode())


def _lookup(purpose: str, code: str) -> str:
    return keyring.blind_index(label=f"posted-code/{purpose}", value=code)


def _context(posted: PostedCode) -> str:
    return f"accounts.postedcode|{posted.id}|code"
