"""A service asks and gets an answer: the question, the decision and its line in the log are one transaction."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from accounts import policy
from accounts.policy import Action, Target
from accounts.vocabulary import Party
from audit.canonical import Json
from audit.events import Actor, Event, EventKind
from audit.operations import append
from consent.decision import Decision, decide
from consent.queries.facts import AccessFacts, access_facts, with_locked_choices
from consent.vocabulary import Reason

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
RESOURCE_TYPE = "data_subject"
SUBJECT_TYPE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessQuestion:
    """Who asks (AuthZEN subject), about whom and what (resource), for which purpose (action)."""

    subject_type: str
    subject_id: str
    purpose: str
    resource_type: str
    reference: str
    data_category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The system that proved who it is, and what it is registered for at this moment."""

    client_id: str
    recipient: str
    recipient_id: int
    purposes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    decision: Decision
    notice_number: int | None


@transaction.atomic
def decide_access(
    *, question: AccessQuestion, asker: Asker, request_id: str = "", at: datetime
) -> Answer:
    """Answer the question and log it. When the line cannot be written there is no answer, only an error.

    `request_id` is what the caller calls its question. It is logged when it is a UUID, and left out
    when it is any other text: that could be personal data.
    """
    facts = access_facts(
        recipient_id=asker.recipient_id,
        purpose=question.purpose,
        data_category=question.data_category,
        reference=question.reference,
    )
    decision = _decision(question=question, asker=asker, facts=facts, at=at)
    append(
        _event(facts=facts, asker=asker, decision=decision, request_id=request_id, at=at),
        key=facts.subject_key,
    )
    return Answer(decision=decision, notice_number=facts.use.notice_number if facts.use else None)


def _decision(
    *, question: AccessQuestion, asker: Asker, facts: AccessFacts, at: datetime
) -> Decision:
    if fault := _fault(question=question, asker=asker):
        return Decision(permitted=False, reason=fault)
    decision = _decide(facts, at=at)
    may_be_withdrawn = decision.reason is Reason.CONSENT_GIVEN
    if not may_be_withdrawn or not connection.features.has_select_for_update:
        return decision
    # A yes is given only while nobody can withdraw it: the rows are read again under a lock that a
    # withdrawal has to wait for, so in the log no yes ever comes after the withdrawal.
    return _decide(with_locked_choices(facts), at=at)


def _decide(facts: AccessFacts, *, at: datetime) -> Decision:
    return decide(
        use=facts.use,
        is_known=facts.subject_id is not None,
        choice=facts.choice,
        required=facts.required,
        at=at,
    )


def _fault(*, question: AccessQuestion, asker: Asker) -> Reason | None:
    """Return why the question itself cannot be answered with yes, whatever the facts are."""
    if (question.subject_type, question.subject_id) != (SUBJECT_TYPE, asker.client_id):
        return Reason.SUBJECT_NOT_THE_CLIENT
    if question.resource_type != RESOURCE_TYPE:
        return Reason.RESOURCE_TYPE_UNKNOWN
    if not question.data_category:
        return Reason.DATA_CATEGORY_MISSING
    actor = policy.Actor(party=Party.SERVICE, purposes=asker.purposes)
    if not policy.can(actor, Action.ASK, Target(purpose=question.purpose)).permitted:
        return Reason.PURPOSE_NOT_REGISTERED
    return None


def _event(
    *, facts: AccessFacts, asker: Asker, decision: Decision, request_id: str, at: datetime
) -> Event:
    # Only codes of the register go into the log: what else a caller sent could be personal data.
    told: dict[str, Json] = {"reason": decision.reason.value}
    if facts.use is not None:
        told["noticeVersion"] = facts.use.notice_number
    asked: dict[str, Json] = {"client": asker.client_id}
    if _UUID.fullmatch(request_id):
        asked["request"] = request_id.lower()
    is_known = facts.subject_id is not None
    return Event(
        kind=EventKind.ACCESS_DECIDED,
        actor=Actor.SERVICE,
        at=at,
        subject_id=facts.subject_id,
        shown=told if is_known else {},
        internal=asked if is_known else asked | told,
        purpose=facts.purpose,
        data_category=facts.data_category,
        recipient=asker.recipient,
        outcome="permitted" if decision.permitted else "refused",
    )
