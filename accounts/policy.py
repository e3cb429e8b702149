"""Who may do what with whose data. One table; what is not in it is not allowed. Pure.

Pages, the API, operations and tasks all ask `can`. The facts (whose login this is, what a mandate
says, which customer is open at the desk) are looked up by who asks; here is only the rule.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from accounts.errors import NotAllowedError
from accounts.vocabulary import Party, Permission


class Action(enum.StrEnum):
    """What somebody asks to do. The columns of the table of rights."""

    READ_DATA = "data.read"  # what is held, what was chosen, what happened with it; masked
    GIVE = "consent.give"
    WITHDRAW = "consent.withdraw"  # and refuse
    EXPORT = "data.export"
    KEEP_OWN = "own.keep"  # login, devices, sessions, mandates, keys, preferences: of oneself alone
    OPEN_CUSTOMER = "customer.open"
    RECORD_MANDATE = "mandate.record"  # that the law, and not a customer, gives
    READ_LOG = "log.read"
    EXPORT_LOG = "log.export"
    VERIFY_LOG = "log.verify"
    CONFIGURE = "installation.configure"
    CALL_API = "api.call"
    ASK = "access.ask"


class Reason(enum.StrEnum):
    """Why something is allowed or not. A refusal says what a page answers with; see `accounts/gates.py`."""

    ALLOWED = "allowed"
    NOT_LOGGED_IN = "not-logged-in"  # 302 or 401
    NOT_FOR_THIS_ROLE = "not-for-this-role"  # 403
    NOT_YOURS = "not-yours"  # 404, the same as for what is not there
    OUTSIDE_MANDATE = "outside-mandate"  # 403
    SCOPE_MISSING = "scope-missing"  # 403
    PURPOSE_NOT_REGISTERED = "purpose-not-registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    permitted: bool
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandated:
    """What a mandate that counts now says. No purposes, or no categories: no limit."""

    id: UUID
    subject_id: UUID
    permissions: frozenset[Permission]
    purposes: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    def covers(self, *, purpose: str, categories: frozenset[str]) -> bool:
        is_in_purposes = not purpose or not self.purposes or purpose in self.purposes
        return is_in_purposes and (not self.categories or categories <= self.categories)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The one customer that is open before an employee of the service desk now."""

    id: UUID
    subject_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks: as which party, and the facts that its rights follow from."""

    party: Party
    user_id: UUID | None = None
    subject_id: UUID | None = None  # the person this login is of
    mandate: Mandated | None = None
    opened: Opened | None = None
    scopes: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What it is about: whose data, for which purpose, which categories."""

    subject_id: UUID | None = None
    purpose: str = ""
    categories: frozenset[str] = frozenset()
    scope: str = ""


NOBODY = Actor(party=Party.NOBODY)
Rule = Callable[[Actor, Target], Reason]


def customer(subject_id: UUID) -> Actor:
    """Return a person who acts for himself."""
    return Actor(party=Party.CUSTOMER, subject_id=subject_id)


def of_role(role: str, *, user_id: UUID) -> Actor:
    """Return somebody of the office, or a customer without anything of his own yet."""
    return Actor(party=Party(role), user_id=user_id)


def can(actor: Actor, action: Action, target: Target) -> Decision:
    """Return whether this actor may do this with this target, and why (not). Anything unknown is a no."""
    if actor.party is Party.NOBODY:
        return Decision(permitted=False, reason=Reason.NOT_LOGGED_IN)
    rule = RULES.get((actor.party, action))
    reason = rule(actor, target) if rule else Reason.NOT_FOR_THIS_ROLE
    return Decision(permitted=reason is Reason.ALLOWED, reason=reason)


def check(actor: Actor, action: Action, target: Target) -> None:
    """Stop whoever may not.

    Raises:
        NotAllowedError: `can` says no.
    """
    decision = can(actor, action, target)
    if not decision.permitted:
        raise NotAllowedError(decision.reason)


def _own(actor: Actor, target: Target) -> Reason:
    is_own = actor.subject_id is not None and actor.subject_id == target.subject_id
    return Reason.ALLOWED if is_own else Reason.NOT_YOURS


def _mandated(permission: Permission) -> Rule:
    def rule(actor: Actor, target: Target) -> Reason:
        mandate = actor.mandate
        if mandate is None or mandate.subject_id != target.subject_id:
            return Reason.NOT_YOURS
        if permission not in mandate.permissions:
            return Reason.OUTSIDE_MANDATE
        covered = mandate.covers(purpose=target.purpose, categories=target.categories)
        return Reason.ALLOWED if covered else Reason.OUTSIDE_MANDATE

    return rule


def _opened(actor: Actor, target: Target) -> Reason:
    opened = actor.opened
    is_open = opened is not None and opened.subject_id == target.subject_id
    return Reason.ALLOWED if is_open else Reason.NOT_YOURS


def _by_role(_actor: Actor, _target: Target) -> Reason:
    return Reason.ALLOWED


def _with_scope(actor: Actor, target: Target) -> Reason:
    has_scope = bool(target.scope) and target.scope in actor.scopes
    return Reason.ALLOWED if has_scope else Reason.SCOPE_MISSING


def _for_purpose(actor: Actor, target: Target) -> Reason:
    is_registered = target.purpose in actor.purposes
    return Reason.ALLOWED if is_registered else Reason.PURPOSE_NOT_REGISTERED


# The whole table. Nobody in the office can give or withdraw for a customer, and no administrator
# can read one: there is no line for it.
RULES: Mapping[tuple[Party, Action], Rule] = {
    (Party.CUSTOMER, Action.READ_DATA): _own,
    (Party.CUSTOMER, Action.GIVE): _own,
    (Party.CUSTOMER, Action.WITHDRAW): _own,
    (Party.CUSTOMER, Action.EXPORT): _own,
    (Party.CUSTOMER, Action.KEEP_OWN): _own,
    (Party.REPRESENTATIVE, Action.READ_DATA): _mandated(Permission.VIEW),
    (Party.REPRESENTATIVE, Action.GIVE): _mandated(Permission.GIVE),
    (Party.REPRESENTATIVE, Action.WITHDRAW): _mandated(Permission.WITHDRAW),
    (Party.REPRESENTATIVE, Action.EXPORT): _mandated(Permission.EXPORT),
    (Party.DESK, Action.OPEN_CUSTOMER): _by_role,
    (Party.DESK, Action.READ_DATA): _opened,
    (Party.DESK, Action.GIVE): _opened,
    (Party.DESK, Action.WITHDRAW): _opened,
    (Party.OFFICER, Action.READ_LOG): _by_role,
    (Party.OFFICER, Action.EXPORT_LOG): _by_role,
    (Party.OFFICER, Action.VERIFY_LOG): _by_role,
    (Party.OFFICER, Action.RECORD_MANDATE): _by_role,
    (Party.ADMIN, Action.CONFIGURE): _by_role,
    (Party.SERVICE, Action.CALL_API): _with_scope,
    (Party.SERVICE, Action.ASK): _for_purpose,
    (Party.SYSTEM, Action.VERIFY_LOG): _by_role,
}
