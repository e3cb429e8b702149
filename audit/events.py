"""Every kind of event the log can hold, who can cause one, and what one carries."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit.canonical import Json

# The codes an officer filters on, and how long each may be.
CODES = {"purpose": 64, "data_category": 64, "recipient": 64, "outcome": 16}
# The same in the JSON of a payload.
IN_PAYLOAD = {
    "purpose": "purpose",
    "data_category": "dataCategory",
    "recipient": "recipient",
    "outcome": "outcome",
}


class Actor(enum.StrEnum):
    DATA_SUBJECT = "data-subject"
    SERVICE = "service"
    REPRESENTATIVE = "representative"
    OFFICER = "officer"
    DESK = "service-desk"
    ADMIN = "admin"
    SYSTEM = "system"


class EventKind(enum.StrEnum):
    """What happened. A kind that is retired stays here as a comment: old entries keep it for ever."""

    CONSENT_GIVEN = "consent.record.given"
    CONSENT_REFUSED = "consent.record.refused"
    CONSENT_WITHDRAWN = "consent.record.withdrawn"
    ACCESS_DECIDED = "access.decision.made"
    LOG_READ = "log.entries.read"
    LOG_EXPORTED = "log.entries.exported"
    EXPORT_DOWNLOADED = "log.export.downloaded"
    JOURNAL_RESTARTED = "log.journal.restarted"
    CLOCK_WENT_BACK = "log.clock.went-back"
    ENTRIES_REQUEUED = "log.entries.requeued"
    LOG_VERIFIED = "log.head.verified"
    KEY_DESTROYED = "log.key.destroyed"
    TAG_KEY_TAKEN = "log.tag-key.taken"
    MASTER_KEY_ROTATED = "key.master.rotated"
    SUBJECT_ERASED = "subject.data.erased"
    LOG_KEY_ROTATED = "log.key.rotated"
    LOG_KEY_RETIRED = "log.key.retired"
    LOG_RESTARTED = "log.origin.started"
    SIGNED_IN = "account.session.started"
    IDENTITY_CONFIRMED = "account.identity.confirmed"
    SESSION_ENDED = "account.session.ended"
    VALUE_SHOWN = "subject.value.shown"
    SIGN_IN_FAILED = "account.session.refused"
    SECOND_FACTOR_ADDED = "account.factor.added"
    PASSKEY_ADDED = "account.passkey.added"
    PASSKEY_RENAMED = "account.passkey.renamed"
    PASSKEY_REMOVED = "account.passkey.removed"
    RECOVERY_CODE_USED = "account.recovery-code.used"
    RECOVERY_CODES_MADE = "account.recovery-codes.made"
    FACTOR_DISABLED = "account.factor.disabled"
    ATTACK_SUSPECTED = "account.attack.suspected"
    CUSTOMER_OPENED = "desk.customer.opened"
    DATA_SEEN = "subject.data.seen"  # by the service desk, or by a representative
    MANDATE_GIVEN = "account.mandate.given"
    MANDATE_ACCEPTED = "account.mandate.accepted"
    MANDATE_RECORDED = "account.mandate.recorded"  # by an officer: the law gives it
    MANDATE_ENDED = "account.mandate.ended"
    MANDATE_STARTED = "account.mandate.started"  # a session acts under it from here on
    MANDATE_USED = "account.mandate.used"  # the line of the representative about one act
    SEAL_BROKEN = "data.seal.broken"
    CATALOGUE_LOADED = "register.catalogue.loaded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    `shown` is what the data subject may read: codes and names of recipients and purposes, never values;
    and what an employee of the service desk wrote to him about why his data was opened.
    `internal` is for officers (client, staff account, filter); it outlives the erasure of the data
    subject and names no customer. The four codes are added to `shown`, or to `internal` when the
    event has no data subject.

    Raises:
        ValueError: `at` has no time zone, a code is too long, or there is something to show and
            nobody to show it to.
    """

    kind: EventKind
    actor: Actor
    at: datetime
    subject_id: UUID | None
    shown: Mapping[str, Json]
    internal: Mapping[str, Json]
    purpose: str = ""
    data_category: str = ""
    recipient: str = ""
    outcome: str = ""

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise ValueError("The time of an event needs a time zone.")
        if self.subject_id is None and self.shown:
            raise ValueError("An event without a data subject has nobody to show anything to.")
        for name, longest in CODES.items():
            if len(getattr(self, name)) > longest:
                raise ValueError(f"The {name} of an event has at most {longest} characters.")

    @property
    def codes(self) -> dict[str, str]:
        """The codes that are filled in."""
        return {IN_PAYLOAD[name]: code for name in CODES if (code := getattr(self, name))}

    @property
    def shown_part(self) -> dict[str, Json]:
        return self._with_codes(self.shown) if self.subject_id else {}

    @property
    def internal_part(self) -> dict[str, Json]:
        return dict(self.internal) if self.subject_id else self._with_codes(self.internal)

    def _with_codes(self, part: Mapping[str, Json]) -> dict[str, Json]:
        for name in CODES:
            if part.get(IN_PAYLOAD[name], getattr(self, name)) != getattr(self, name):
                raise ValueError(f"The event says two different things about its {name}.")
        return {**part, **self.codes}
