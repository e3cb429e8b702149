"""A customer without a login gets one: a code by post, then an e-mail address that answers, then a log-in.

The second factor is set up at the first log-in, as for everybody.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts import throttle
from accounts.errors import EmailTakenError, WrongCodeError
from accounts.models import DataSubject, LinkPurpose, MailLink, PostedCode, Role, User
from accounts.notice_kinds import TOKEN, NoticeKind
from accounts.operations.events import log_about
from accounts.operations.links import link_facts, make_link, use_link
from accounts.operations.notices import notify
from accounts.operations.people import create_login, put_email
from accounts.operations.posted_codes import post_code, posted_code, use_code
from accounts.operations.sessions import end_sessions
from accounts.queries import has_second_factor, subject_by_reference, user_by_email
from audit.events import EventKind

LINK_LASTS = timedelta(hours=24)
_ACTIVATION = PostedCode.Purpose.ACTIVATION


def is_active(subject: DataSubject) -> bool:
    """Say whether a data subject can log in with both factors."""
    user = subject.user
    return user is not None and user.is_active and has_second_factor(user)


@transaction.atomic
def answer_activation(*, reference: str, at: datetime) -> None:
    """Have a letter made for a customer who cannot log in yet. Who can is told that by mail."""
    subject = subject_by_reference(reference)
    if subject is None:
        return
    if subject.user is not None and is_active(subject):
        notify(user=subject.user, kind=NoticeKind.ALREADY_ACTIVE, at=at)
    elif post_code(subject=subject, purpose=_ACTIVATION, at=at):
        log_about(EventKind.ACTIVATION_ASKED, subject=subject, by=None, at=at)


def check_activation_code(*, typed: str, address: str, at: datetime) -> PostedCode:
    """Return the code of an activation letter. It is used up later, when the e-mail address has answered.

    Raises:
        LockedOutError: tried too often from this address.
        WrongCodeError: there is no such code, or it no longer counts.
    """
    limit = throttle.POSTED_CODES_PER_ADDRESS
    throttle.check(limit=limit, value=address, at=at)
    found = posted_code(purpose=_ACTIVATION, typed=typed, at=at)
    if found is None:
        raise WrongCodeError
    throttle.take_back(limit=limit, value=address, at=at)
    return found


@sensitive_variables("email", "password", "hashed")
def begin_activation(
    *, posted: PostedCode, email: str, password: str, language: str, at: datetime
) -> None:
    """Mail a link to the address that was given; the login is made when that is opened.

    The same happens, as far as anyone can see, when the address has a login already: then its owner
    is told instead.
    """
    subject = posted.subject
    hashed = make_password(password)
    with transaction.atomic():
        owner = user_by_email(email)
        token = make_link(
            purpose=LinkPurpose.ACTIVATION,
            subject=subject,
            facts={
                "email": email,
                "password": hashed,
                "language": language,
                "code": str(posted.pk),
            },
            lasts=LINK_LASTS,
            at=at,
        )
        if owner is not None and owner.pk != subject.user_id:
            notify(user=owner, kind=NoticeKind.ADDRESS_IN_USE, at=at)
        else:
            notify(
                user=None,
                kind=NoticeKind.ACTIVATION_LINK,
                at=at,
                facts={TOKEN: token},
                address=email,
                key=subject.key,
                language=language,
            )


def finish_activation(*, link: MailLink, at: datetime) -> bool:
    """Make the login; False when link or code were used meanwhile, or the address was taken."""
    try:
        with transaction.atomic():
            _finish(link, at=at)
    except (EmailTakenError, WrongCodeError):
        return False
    return True


def _finish(link: MailLink, *, at: datetime) -> None:
    facts = link_facts(link)
    posted = PostedCode.objects.filter(pk=UUID(facts["code"])).first()
    if posted is None or not use_link(link, at=at) or not use_code(posted, at=at):
        raise WrongCodeError
    subject = DataSubject.objects.select_for_update(of=("self",)).select_related("user__key", "key")
    owner = subject.get(pk=posted.subject_id)
    user = _login_of(owner, facts, at=at)
    log_about(EventKind.LOGIN_MADE, subject=owner, by=None, at=at)
    notify(user=user, kind=NoticeKind.ACTIVATED, at=at)


def _login_of(subject: DataSubject, facts: dict[str, str], *, at: datetime) -> User:
    """Return the login of this data subject: a new one, or the one that could not be used, made new."""
    if is_active(subject):
        raise WrongCodeError
    user = subject.user
    if user is None:
        user = create_login(
            email=facts["email"],
            password_hash=facts["password"],
            role=Role.CUSTOMER,
            language=facts["language"],
            at=at,
        )
        DataSubject.objects.filter(pk=subject.pk).update(user=user)
        return user
    put_email(user, facts["email"])
    user.password, user.language, user.is_active = facts["password"], facts["language"], True
    user.save(update_fields=["password", "language", "is_active"])
    end_sessions(user)
    return user
