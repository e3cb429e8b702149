"""Every read of people and systems: by a keyed hash of what is typed, never by the value itself."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from accounts import throttle
from accounts.identity import login_index, name_of, reference_index
from accounts.models import (
    DataSubject,
    DeskOpening,
    Mandate,
    Passkey,
    RecoveryDevice,
    TotpDevice,
    User,
    UserSession,
)
from accounts.vocabulary import MandateKind
from audit import queries as log
from audit.events import EventKind

__all__ = [
    "EVERYONE",
    "app_of",
    "has_passkey",
    "has_second_factor",
    "legal_mandates",
    "log_in_is_attacked",
    "mandate_in_use",
    "mandates_of",
    "opening_in_use",
    "parties_of",
    "passkey_of",
    "passkeys_of",
    "recovery_codes_of",
    "reference_index",
    "sessions_of",
    "sign_ins_of",
    "subject_by_reference",
    "subject_of",
    "user_by_email",
]

EVERYONE = "all"


def log_in_is_attacked(*, at: datetime) -> bool:
    """Return whether very many accounts got a wrong password, in this quarter of an hour or the last: one query."""
    limit = throttle.ACCOUNTS_WITH_A_WRONG_PASSWORD
    return throttle.is_full(limit=limit, value=EVERYONE, at=at)


SIGN_INS = frozenset({EventKind.SIGNED_IN, EventKind.SIGN_IN_FAILED})
_SIGN_INS_SHOWN = 10


def subject_by_reference(reference: str) -> DataSubject | None:
    """Return the data subject with this customer number, with its key."""
    found = DataSubject.objects.filter(reference_index=reference_index(reference))
    return found.select_related("key").first()


def subject_of(user_id: UUID) -> DataSubject | None:
    """Return the data subject behind this login, with its key; None for an officer."""
    return DataSubject.objects.filter(user_id=user_id).select_related("key").first()


def user_by_email(email: str) -> User | None:
    """Return the login with this address, with its key."""
    return User.objects.filter(login_index=login_index(email)).select_related("key").first()


def app_of(user: User) -> TotpDevice | None:
    """Return the authenticator app that counts: the one that was set up last."""
    return TotpDevice.objects.filter(user=user, confirmed=True).order_by("-pk").first()


def recovery_codes_of(user: User) -> RecoveryDevice | None:
    """Return the set of recovery codes that counts."""
    return RecoveryDevice.objects.filter(user=user, confirmed=True).order_by("-pk").first()


def mandate_in_use(*, mandate_id: UUID, representative_id: UUID, at: datetime) -> Mandate | None:
    """Return the mandate of this representative, with whom it is for, when it counts at the moment `at`."""
    found = Mandate.objects.filter(
        pk=mandate_id, representative_id=representative_id, represented__erased_at=None
    )
    mandate = found.select_related("represented__key").first()
    return mandate if mandate and mandate.counts_at(at) else None


def mandates_of(subject: DataSubject) -> tuple[list[Mandate], list[Mandate]]:
    """Return the mandates that a person gave and those that he holds, newest first, with the people in them."""
    people = ("represented__key", "representative__key")
    given = Mandate.objects.filter(represented=subject).select_related(*people)
    held = Mandate.objects.filter(representative=subject).select_related(*people)
    return list(given.order_by("-created_at")), list(held.order_by("-created_at"))


def legal_mandates() -> list[Mandate]:
    """Return the mandates that the law gives, newest first."""
    found = Mandate.objects.exclude(kind=MandateKind.VOLUNTARY)
    return list(found.order_by("-created_at"))


def parties_of(mandate_ids: Collection[UUID]) -> Mapping[UUID, tuple[str, str]]:
    """Return by mandate how the represented and the representative are addressed: one query, or none.

    A mandate of someone who was erased is gone, and names nobody any more.
    """
    if not mandate_ids:
        return {}
    found = Mandate.objects.filter(pk__in=mandate_ids, representative__isnull=False)
    return {
        mandate.pk: (name_of(mandate.represented), name_of(mandate.representative))
        for mandate in found.select_related("represented__key", "representative__key")
        if mandate.representative is not None
    }


def opening_in_use(*, opening_id: UUID, employee_id: UUID, at: datetime) -> DeskOpening | None:
    """Return what is open before this employee, with the customer, as long as it lasts."""
    found = DeskOpening.objects.filter(
        pk=opening_id,
        employee_id=employee_id,
        closed_at=None,
        open_until__gt=at,
        subject__erased_at=None,
    )
    return found.select_related("subject__key", "subject__user__key").first()


def passkeys_of(user: User) -> list[Passkey]:
    """Return the passkeys of this user with what is needed to read their names, oldest first."""
    found = Passkey.objects.filter(user=user, confirmed=True)
    return list(found.select_related("user__key").order_by("pk"))


def passkey_of(user: User, public_id: UUID) -> Passkey | None:
    """Return the passkey with this id if it is one of this user's."""
    found = Passkey.objects.filter(user=user, confirmed=True, public_id=public_id)
    return found.select_related("user__key").first()


def has_passkey(user: User) -> bool:
    return Passkey.objects.filter(user=user, confirmed=True).exists()


def has_second_factor(user: User) -> bool:
    """Say whether there is a second factor, so that a password alone may add none."""
    return app_of(user) is not None or has_passkey(user)


def sessions_of(user: User, *, at: datetime) -> Sequence[UserSession]:
    """Return where a user is logged in, the browser that was used last first."""
    open_now = UserSession.objects.filter(user=user, expires_at__gt=at).exclude(role="")
    return list(open_now.order_by("-last_seen_at", "public_id"))


def sign_ins_of(user: User) -> Sequence[log.EntryView]:
    """Return how a customer logged in lately and who tried to, newest first; nothing for staff.

    What staff do names the login in the part for officers, and is not looked up by it.
    """
    subject = subject_of(user.id)
    if subject is None:
        return ()
    kept = log.EntryFilter(subject_id=subject.id, kinds=SIGN_INS)
    return log.entries(filter=kept, before=None, limit=_SIGN_INS_SHOWN)
