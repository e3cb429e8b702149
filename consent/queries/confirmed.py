"""What a page of confirmation and its mail show: what was chosen, when, by whom and how."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedChoice:
    """What was answered to one question. `line` is the line of the log that tells of it, once a proof can be had."""

    question: str
    title: str
    is_yes: bool
    status: str  # given | refused | withdrawn
    until: datetime | None
    line: UUID | None
    is_waiting: bool  # for a signed head


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    number: str
    purpose: str
    title: str
    recorded_at: datetime
    notice_number: int
    choices: tuple[ConfirmedChoice, ...]
    is_mailed: bool  # a mail was or will be sent
    is_sent: bool  # it was
    is_superseded: bool  # something else was chosen later
    channel: str  # through which it came in
    is_by_desk: bool  # an employee wrote it down
    representative: str | None  # who chose instead, by name; "" when nobody knows any more
    is_without_effect: bool  # a yes to something, and a no to what the purpose cannot do without

    @property
    def is_waiting(self) -> bool:
        """Tell whether the proof of an answer is still to come."""
        return any(choice.is_waiting for choice in self.choices)
