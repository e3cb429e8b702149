"""The right to erasure (GDPR art. 17): a person leaves, the log stays whole, and what was chosen names nobody."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation

from accounts.identity import email_of, name_of
from accounts.models import DataSubject
from accounts.operations import erase_person
from audit import erasure_journal
from audit.events import Actor, Event, EventKind
from audit.operations import append, destroy_key
from consent.models import CurrentConsent, DismissedQuestion, HeldItem, Job, Message
from consent.operations import result_files
from consent.queries.register import organisation


def announce_erasure(*, subject: DataSubject, request: str) -> bool:
    """Mail the data subject that the erasure is done now, while there is an address; False: there is none.

    Before the erasure and not after it: nothing of the person is kept in order to write later.

    Raises:
        SMTPException, OSError: it could not be mailed.
    """
    user = subject.user
    if user is None:
        return False
    with translation.override(user.language):
        facts = {
            "name": name_of(subject),
            "request": request,
            "organisation": organisation(language=user.language),
        }
        EmailMessage(
            subject=render_to_string("email/erasure.subject.txt", facts).strip(),
            body=render_to_string("email/erasure.txt", facts),
            to=[email_of(user)],
        ).send()
    return True


@transaction.atomic
def erase_subject(*, subject_id: UUID, request: str, at: datetime) -> Counter[str]:
    """Erase a person whole or not at all; return what went, counted. The second time nothing goes.

    What is held, what stands, messages, exports about this person alone, the login and both names are removed, and the keys are
    destroyed. Consent records stay: they say what someone was asked and answered, and no longer who.

    Raises:
        JournalError: it cannot be written down outside the database.
    """
    # The same lock as for a choice: whoever waited for it finds a person that is erased.
    living = DataSubject.objects.select_for_update().filter(pk=subject_id, erased_at=None)
    subject = living.first()
    if subject is None:
        return Counter()
    gone: Counter[str] = Counter()
    for name, model in (
        ("currentConsents", CurrentConsent),
        ("dismissedQuestions", DismissedQuestion),
        ("heldItems", HeldItem),
        ("messages", Message),
    ):
        gone[name] = model._default_manager.filter(subject=subject).delete()[0]  # noqa: SLF001  # documented
    about = Job.objects.filter(arguments__filter__subject=str(subject_id))
    gone["jobs"] = about.delete()[0]
    transaction.on_commit(result_files.sweep, robust=True)  # what those jobs made
    gone += erase_person(subject=subject, request=request, at=at)
    append(
        Event(
            kind=EventKind.SUBJECT_ERASED,
            actor=Actor.SYSTEM,
            at=at,
            subject_id=None,
            shown={},
            internal={"request": request, "gone": dict(gone)},
        )
    )
    return gone


def replay_erasures(*, at: datetime) -> int:
    """Erase again whoever a restored backup brought back; return how many keys that destroyed.

    Raises:
        JournalError: the journal of erasures cannot be read or written.
    """
    count = 0
    for key, request in list(erasure_journal.undone()):
        is_of = Q(key=key) | Q(user__key=key)
        subject = DataSubject.objects.filter(is_of, erased_at=None).first()
        if subject is not None:
            count += erase_subject(subject_id=subject.pk, request=request, at=at)["keys"]
        elif destroy_key(key=key, at=at, request=request):
            count += 1
    return count
