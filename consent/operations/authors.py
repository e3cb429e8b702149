"""Who chooses for a data subject, checked in the transaction of the choice: the person, a representative, the service desk."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import policy
from accounts.models import DataSubject, DeskOpening, Mandate
from accounts.operations.mandate_events import log_of_representative
from accounts.policy import Action, Target
from accounts.vocabulary import Party
from audit.canonical import Json
from audit.events import Actor, EventKind
from consent.errors import MandateEndedError, OpeningEndedError
from consent.models import ConsentRecord
from consent.queries.events import KIND_OF_CHOICE
from consent.vocabulary import Channel, ConsentStatus

_ACTORS = {
    Party.CUSTOMER: Actor.DATA_SUBJECT,
    Party.REPRESENTATIVE: Actor.REPRESENTATIVE,
    Party.DESK: Actor.DESK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who chooses, and through which channel the choice came in."""

    actor: policy.Actor
    channel: Channel
    mandate: Mandate | None = None

    @property
    def logged_as(self) -> Actor:
        return _ACTORS[self.actor.party]

    @property
    def employee_id(self) -> UUID | None:
        return self.actor.user_id if self.actor.party is Party.DESK else None

    @property
    def told(self) -> dict[str, Json]:
        """Return what the data subject reads of it: the mandate names the representative."""
        return {"mandate": str(self.mandate.pk)} if self.mandate else {}

    @property
    def internal(self) -> dict[str, Json]:
        return {"user": str(self.employee_id)} if self.employee_id else {}

    @property
    def recorded(self) -> dict[str, Any]:
        """Return what a consent record says of it."""
        return {
            "channel": self.channel,
            "mandate_uid": self.mandate.pk if self.mandate else None,
            "employee_uid": self.employee_id,
        }

    def check(
        self, *, subject: DataSubject, purpose: str, category: str, status: ConsentStatus
    ) -> None:
        """Ask the table of rights.

        Raises:
            NotAllowedError: this author may not choose this for this person.
        """
        about = Target(subject_id=subject.pk, purpose=purpose, categories=frozenset({category}))
        action = Action.GIVE if status is ConsentStatus.GIVEN else Action.WITHDRAW
        policy.check(self.actor, action, about)

    def log_own(self, record: ConsentRecord) -> None:
        """Give a representative a line of his own about what he chose for another."""
        if self.mandate is None or self.mandate.representative is None:
            return
        log_of_representative(
            EventKind.MANDATE_USED,
            mandate=self.mandate,
            subject=self.mandate.representative,
            at=record.recorded_at,
            told={"act": KIND_OF_CHOICE[ConsentStatus(record.status)].value},
            purpose=record.purpose.slug,
            data_category=record.category.slug,
        )


def author_of(*, by: policy.Actor, channel: Channel, at: datetime) -> Author:
    """Return who chooses, with the mandate or the opening held so that neither ends before the choice is recorded.

    Raises:
        MandateEndedError: the mandate does not count any more.
        OpeningEndedError: the customer is no longer open at the desk.
    """
    mandate = _held_mandate(by.mandate.id, at=at) if by.mandate else None
    if by.opened is not None:
        _hold_opening(by.opened.id, at=at)
    return Author(actor=by, channel=channel, mandate=mandate)


def _held_mandate(mandate_id: UUID, *, at: datetime) -> Mandate:
    held = Mandate.objects.select_for_update(of=("self",)).filter(pk=mandate_id)
    mandate = held.select_related("representative__key").first()
    if mandate is None or not mandate.counts_at(at):
        raise MandateEndedError
    return mandate


def _hold_opening(opening_id: UUID, *, at: datetime) -> None:
    held = DeskOpening.objects.select_for_update().filter(
        pk=opening_id, closed_at=None, open_until__gt=at
    )
    if held.first() is None:
        raise OpeningEndedError
