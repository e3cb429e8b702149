"""What pages and answers show: frozen, complete, in the reader's language. A template never meets a queryset."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from audit.inspection import Inspection
from consent.queries.log_days import LogDays
from consent.vocabulary import LegalBasis, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationView:
    """Who the controller is and how to reach it (GDPR art. 13(1)(a)-(b))."""

    name: str
    phone: str
    email: str
    hours: str
    address: str
    privacy_officer_email: str
    privacy_intro: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldValue:
    """One value as its owner may see it; a masked value has lost its digits here, not in the browser."""

    id: UUID
    label: str
    value: str
    source: str
    obtained_on: date
    retention: str
    is_masked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenValue:
    """A value in full that pages otherwise show masked."""

    id: UUID
    category: str  # slugs, for the log
    item: str
    label: str
    value: str
    masked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLine:
    """One purpose that may use a category, and where this person's choice about this category stands."""

    purpose: str
    title: str
    legal_basis: LegalBasis
    needs_consent: bool
    standing: Standing | None  # only where consent is needed


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientLine:
    """Who may see a category: a name and what they do with it. Never an employee."""

    name: str
    role: str
    kind: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEvent:
    """One event about a data subject, in codes and names; `portal/wording.py` makes the sentences."""

    uid: UUID
    kind: str
    at: datetime
    recipient: str  # name for people, "" when none
    is_automated: bool
    category: str  # title in the reader's language, "" when none
    purpose_slug: str
    purpose: str
    outcome: str  # permitted | refused | ""
    reason: str
    category_slug: str = ""
    actor: str = ""  # the code of who did it
    channel: str = ""  # through which a choice came in
    page: str = ""  # the name of what was looked at
    note: str = ""  # what an employee wrote about why
    mandate: UUID | None = None
    other: str = ""  # how the other person in that mandate is addressed; "" when erased
    is_for_other: bool = False  # this person acted, for the other
    act: str = ""  # the kind of what he did
    ended_by: str = ""
    submission: str = ""  # the number that choices saved with one press share
    factor: str = ""  # how someone logged in: app | passkey | recovery-code | ""
    provable: tuple[UUID, ...] = ()  # the lines of the log that a signed head covers
    is_damaged: bool = False  # someone changed what it says, so that it cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryHoldings:
    """Everything the page tells about one category."""

    slug: str
    icon: str
    title: str
    description: str
    is_choice: bool
    is_extra_protected: bool
    values: tuple[HeldValue, ...]
    uses: tuple[UseLine, ...]
    recipients: tuple[RecipientLine, ...]  # who may see it now
    recipients_without_yes: tuple[RecipientLine, ...]  # who may not, as long as there is no yes
    last_look: SeenEvent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    purpose: str
    title: str
    question: str
    notice_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MyData:
    name: str
    categories: tuple[CategoryHoldings, ...]
    questions: tuple[OpenQuestion, ...]
    yes_count: int
    no_count: int
    looks_count: int
    recent: tuple[SeenEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeLine:
    """One row of 'Mijn toestemmingen'. `standing` sums up its categories: the required ones decide."""

    slug: str
    icon: str
    title: str
    question: str
    benefit: str
    legal_basis: LegalBasis
    reason: str  # why it may without consent
    standing: Standing
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeGroups:
    open: tuple[PurposeLine, ...]
    yes: tuple[PurposeLine, ...]
    no: tuple[PurposeLine, ...]
    without_consent: tuple[PurposeLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryChoice:
    """One question on a purpose page. `current` is True for yes, False for no, None when nothing counts now."""

    slug: str
    title: str
    question: str
    hint: str
    is_required: bool
    standing: Standing
    current: bool | None
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposePage:
    slug: str
    icon: str
    title: str
    question: str
    benefit: str
    yes_points: tuple[str, ...]
    no_points: tuple[str, ...]
    which_data: str
    not_data: str
    retention: str
    recipients_sentence: str
    recipients: tuple[RecipientLine, ...]
    not_done: str
    duration: str
    basis: str
    automated: str
    reason: str
    right: str
    legal_basis: LegalBasis
    needs_consent: bool
    standing: Standing
    choices: tuple[CategoryChoice, ...]
    notice_number: int
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the log as an officer sees it.

    `is_erased` means the key of the data subject was destroyed; `is_damaged`, that someone changed
    what the line says, so that it cannot be read.
    """

    index: int | None
    uid: UUID
    at: datetime
    kind: str
    actor: str
    who: str  # recipient name, or role of the actor
    data_subject: str  # pseudonym "k-7Q2M", "" when the event is about nobody
    category: str
    purpose: str
    outcome: str
    reason: str
    is_erased: bool
    is_damaged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntryPage:
    """One line with everything around it. `names` are the codes of the register in words, per member."""

    line: LogLine
    entry: Inspection
    names: Mapping[str, str]
    contradiction: str  # why the log cannot go on, when it cannot


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """Whether the log verifies, since when, up to where."""

    size: int
    pending: int
    root: str  # hex
    checkpoint_size: int | None
    checkpoint_at: datetime | None
    run_at: datetime | None
    run_counted: int
    run_faults: int
    first_fault: str  # found by the last recomputation; else what the log contradicts itself in now
    is_witnessed: bool = False  # witnesses are asked
    witnessed_size: int | None = None
    witnessed_at: datetime | None = None
    witnesses: str = ""

    @property
    def is_broken(self) -> bool:
        return bool(self.run_faults or self.first_fault)

    @property
    def added(self) -> int:
        """Return how many lines were added after those that were recomputed last."""
        return self.size - self.run_counted


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """One page of the log. `older` and `newer` are keyset cursors, None where there is no such page."""

    lines: tuple[LogLine, ...]
    total: int
    is_more: bool  # there are more than `total`
    older: int | None
    newer: int | None
    days: LogDays
    state: LogState
