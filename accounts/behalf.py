"""Pages about a person that somebody else may see too: a representative, or the service desk.

The gates here ask the table of rights, and log each look of another before the answer leaves, so that
no page can forget to.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Concatenate

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import acting, operations, policy
from accounts.gates import (
    CONTENT,
    Audience,
    P,
    Page,
    StaffPage,
    data_subject_of,
    desk_page,
    marked,
    open_while_acting,
    to_log_in,
    verified_user,
)
from accounts.models import DataSubject, DeskOpening, Mandate, User
from accounts.policy import Action, Actor, Mandated, Opened, Reason, Target
from accounts.vocabulary import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Behalf:
    """Whose data a request is about (`subject`), and as whom it is made. `own` is the person of the login."""

    subject: DataSubject
    own: DataSubject
    actor: Actor
    mandate: Mandate | None = None

    def may(self, action: Action, *, purpose: str = "", categories: Collection[str] = ()) -> bool:
        about = Target(
            subject_id=self.subject.pk, purpose=purpose, categories=frozenset(categories)
        )
        return policy.can(self.actor, action, about).permitted


BehalfPage = Callable[Concatenate[HttpRequest, Behalf, P], HttpResponseBase]
OpenedPage = Callable[Concatenate[HttpRequest, User, DeskOpening, P], HttpResponseBase]


def behalf_page(action: Action) -> Callable[[BehalfPage[P]], Page[P]]:
    """Let in a person for himself, or a representative whose mandate allows `action`; log the look of the last."""

    def gate(page: BehalfPage[P]) -> Page[P]:
        @wraps(page)
        def gated(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = verified_user(request)
            if user is None:
                return to_log_in(request)
            own = data_subject_of(request)
            if own is None:
                raise Http404
            behalf = behalf_of(request, own)
            _refuse_unless(behalf, action)
            answer = page(request, behalf, *args, **kwargs)
            if behalf.mandate is not None and _shows_something(answer):
                operations.log_look_for_another(
                    mandate=behalf.mandate,
                    representative=own,
                    page=_name_of_page(request),
                    at=timezone.now(),  # noqa: TID251 - a gate is at the edge
                )
            return answer

        return open_while_acting(marked(gated, Audience.DATA_SUBJECT))

    return gate


def behalf_of(request: HttpRequest, own: DataSubject) -> Behalf:
    """Return for whom this customer acts at this moment: for another under a mandate that counts, else for himself."""
    at = timezone.now()  # noqa: TID251 - a gate is at the edge
    mandate = acting.mandate_of(request, representative_id=own.pk, at=at)
    if mandate is None:
        return Behalf(subject=own, own=own, actor=policy.customer(own.pk))
    return Behalf(
        subject=mandate.represented,
        own=own,
        actor=representative(mandate, own),
        mandate=mandate,
    )


def representative(mandate: Mandate, own: DataSubject) -> Actor:
    """Return a person who acts under a mandate that counts."""
    limits = mandate.limits
    return Actor(
        party=Party.REPRESENTATIVE,
        subject_id=own.pk,
        mandate=Mandated(
            id=mandate.pk,
            subject_id=mandate.represented_id,
            permissions=limits.permissions,
            purposes=limits.purposes,
            categories=limits.categories,
        ),
    )


def employee(user: User, opening: DeskOpening) -> Actor:
    """Return an employee of the service desk with the customer who is open."""
    return Actor(
        party=Party(user.role),
        user_id=user.pk,
        opened=Opened(id=opening.pk, subject_id=opening.subject_id),
    )


def opened_page(page: OpenedPage[P]) -> Page[P]:
    """Let in an employee of the service desk with a customer open, hand the page both, and log the look."""

    @wraps(page)
    def with_opening(
        request: HttpRequest, user: User, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        at = timezone.now()  # noqa: TID251 - a gate is at the edge
        opening = acting.opening_of(request, employee_id=user.pk, at=at)
        if opening is None or not _may_look(user, opening):
            messages.warning(request, _("No customer is open. Open one first."))
            return HttpResponseRedirect(reverse("desk") + CONTENT)
        answer = page(request, user, opening, *args, **kwargs)
        if _shows_something(answer):
            operations.log_look_at_desk(opening=opening, page=_name_of_page(request), at=at)
        return answer

    staff_page: StaffPage[P] = with_opening
    return desk_page(staff_page)


def _may_look(user: User, opening: DeskOpening) -> bool:
    about = Target(subject_id=opening.subject_id)
    return policy.can(employee(user, opening), Action.READ_DATA, about).permitted


def _refuse_unless(behalf: Behalf, action: Action) -> None:
    # Whether anything may be seen. Which purposes and categories is for the page, that knows them.
    decision = policy.can(behalf.actor, action, Target(subject_id=behalf.subject.pk))
    if not decision.permitted:
        raise PermissionDenied if decision.reason is Reason.OUTSIDE_MANDATE else Http404


def _shows_something(answer: HttpResponseBase) -> bool:
    """Return whether the answer is a page, also one that says what was wrong; and not the way to another page."""
    return answer.status_code // 100 != HTTPStatus.FOUND // 100


def _name_of_page(request: HttpRequest) -> str:
    match = request.resolver_match
    return (match.url_name or "") if match else ""
