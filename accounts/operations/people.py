"""Making people known: those who log in, and the data subjects behind them."""

from datetime import datetime
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts.errors import EmailTakenError, ReferenceTakenError
from accounts.identity import email_context, login_index, reference_index, subject_context
from accounts.models import DataSubject, Role, User
from audit import keyring
from audit.models import Key


def create_user(*, email: str, password: str, role: Role, at: datetime) -> User:
    """Make a login; its second factor is set up at the first log-in.

    Whoever lets people choose a password checks it first (`passwords.check_new_password`).

    Raises:
        EmailTakenError: there is a login with this address.
    """
    # Slow on purpose, so before the transaction: others can write meanwhile.
    return create_login(email=email, password_hash=make_password(password), role=role, at=at)


def create_login(
    *, email: str, password_hash: str, role: Role, at: datetime, language: str = "nl"
) -> User:
    """Make a login with a password that was hashed before.

    Raises:
        EmailTakenError: there is a login with this address.
    """
    user_id = uuid4()
    try:
        with transaction.atomic():
            key = keyring.living_key(owner_id=user_id, at=at)
            return User.objects.create(
                id=user_id,
                key=key,
                login_index=login_index(email),
                email_sealed=keyring.seal(
                    key=key, plaintext=email.strip().encode(), context=email_context(user_id)
                ),
                password=password_hash,
                role=role,
                language=language,
                created_at=at,
            )
    except IntegrityError as error:
        raise EmailTakenError("There is a login with this e-mail address already.") from error


def put_email(user: User, email: str) -> None:
    """Give a login another address.

    Raises:
        EmailTakenError: another login has this address.
    """
    user.login_index = login_index(email)
    user.email_sealed = keyring.seal(
        key=user.key, plaintext=email.strip().encode(), context=email_context(user.id)
    )
    try:
        with transaction.atomic():
            user.save(update_fields=["login_index", "email_sealed"])
    except IntegrityError as error:
        raise EmailTakenError("There is a login with this e-mail address already.") from error


def register_data_subject(
    *, reference: str, name: str, user: User | None, at: datetime
) -> DataSubject:
    """Make a data subject known by its customer number (reference) and how it is addressed (name).

    It gets a key of its own: destroying that key erases what we know of this person.

    Raises:
        ReferenceTakenError: the customer number is in use, or the login has a data subject.
    """
    subject_id = uuid4()
    try:
        with transaction.atomic():
            key = keyring.living_key(owner_id=subject_id, at=at)
            return DataSubject.objects.create(
                id=subject_id,
                user=user,
                key=key,
                reference_index=reference_index(reference),
                reference_sealed=_sealed(key, subject_id, "reference", reference),
                name_sealed=_sealed(key, subject_id, "name", name),
            )
    except IntegrityError as error:
        raise ReferenceTakenError(
            "This customer number is in use already, or this login has a data subject already."
        ) from error


@transaction.atomic
def add_customer(
    *, email: str, password: str, reference: str, name: str, at: datetime
) -> DataSubject:
    """Make a customer: a data subject and its login, both or neither.

    Raises:
        EmailTakenError: there is a login with this address.
        ReferenceTakenError: the customer number is in use.
    """
    user = create_user(email=email, password=password, role=Role.CUSTOMER, at=at)
    return register_data_subject(reference=reference, name=name, user=user, at=at)


def _sealed(key: Key, subject_id: UUID, field: str, value: str) -> bytes:
    return keyring.seal(
        key=key, plaintext=value.strip().encode(), context=subject_context(subject_id, field)
    )
