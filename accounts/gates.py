"""Who may pass: the one place that says what a page asks of its visitor."""

import enum
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import acting, pending, policy
from accounts.models import DataSubject, Role, User
from accounts.pending import Pending
from accounts.policy import Action, Target
from accounts.queries import subject_of

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
SubjectPage = Callable[Concatenate[HttpRequest, DataSubject, P], HttpResponseBase]
StaffPage = Callable[Concatenate[HttpRequest, User, P], HttpResponseBase]
HalfwayPage = Callable[[HttpRequest, Pending, User], HttpResponseBase]


class Audience(enum.Enum):
    """For whom a view is. A view that does not say so is for nobody who lacks a factor."""

    EVERYONE = "everyone"
    HALFWAY = "halfway"  # the password was right, the second factor is still to come
    DATA_SUBJECT = "data subject"
    OFFICER = "officer"
    DESK = "service desk"
    ADMIN = "administrator"
    LOGGED_IN = "everyone who logged in"


CONTENT = (
    "#inhoud"  # after a form: without a fragment of its own a redirect keeps the one of the form
)
_MARK = "audience"
_SUBJECT = "data_subject"
_READ_AND_SEND = "read and send"
_WHILE_ACTING = "while acting"
_UNATTENDED = "unattended"
_AUDIENCES = {
    Role.CUSTOMER: Audience.DATA_SUBJECT,
    Role.OFFICER: Audience.OFFICER,
    Role.DESK: Audience.DESK,
    Role.ADMIN: Audience.ADMIN,
}
# What a page of the office lets do at the least; its operations ask for what else they do.
_ACTIONS = {
    Role.OFFICER: Action.READ_LOG,
    Role.DESK: Action.OPEN_CUSTOMER,
    Role.ADMIN: Action.CONFIGURE,
}
_START_PAGES = {Role.CUSTOMER: "my-data", Role.OFFICER: "log", Role.DESK: "desk"}


def marked(view: Callable[P, R], audience: Audience) -> Callable[P, R]:
    """Say on the view for whom it is; decorators that use `functools.wraps` keep the mark."""
    view.__dict__[_MARK] = audience
    return view


def audience_of(view: Callable[..., object]) -> Audience | None:
    found = getattr(view, "__dict__", {}).get(_MARK)
    return found if isinstance(found, Audience) else None


def verified_user(request: HttpRequest) -> User | None:
    """Return who passed both factors in this session, if anyone did."""
    user = getattr(request, "user", None)
    is_verified = getattr(user, "is_verified", None)
    return user if isinstance(user, User) and is_verified and is_verified() else None


def data_subject_of(request: HttpRequest) -> DataSubject | None:
    """Return the customer who passed both factors in this session: one query, once per request."""
    if _SUBJECT not in request.__dict__:
        user = verified_user(request)
        is_customer = user is not None and user.role == Role.CUSTOMER
        request.__dict__[_SUBJECT] = subject_of(user.id) if user and is_customer else None
    found = request.__dict__[_SUBJECT]
    return found if isinstance(found, DataSubject) else None


def read_and_send(page: Callable[P, R]) -> Callable[P, R]:
    """Answer GET, HEAD and POST: who is sent away while sending can come back to read."""
    answer: Callable[P, R] = require_http_methods(["GET", "HEAD", "POST"])(page)
    answer.__dict__[_READ_AND_SEND] = True
    return answer


def open_while_acting(view: Callable[P, R]) -> Callable[P, R]:
    """Say on the view that who acts for another may be here too. Every other page is of oneself alone."""
    view.__dict__[_WHILE_ACTING] = True
    return view


def is_open_while_acting(view: Callable[..., object]) -> bool:
    return _WHILE_ACTING in getattr(view, "__dict__", {})


def unattended(page: Callable[P, R]) -> Callable[P, R]:
    """Say that a script reads this page by itself: that is no sign that somebody is there."""
    page.__dict__[_UNATTENDED] = True
    return page


def is_asked_by_a_person(request: HttpRequest, view: Callable[..., object]) -> bool:
    """Say whether this request shows that somebody is there. What is sent, does."""
    if request.method == "POST":
        return True
    by_itself = "HX-Request" in request.headers or _UNATTENDED in getattr(view, "__dict__", {})
    return not by_itself


def public_page(page: Callable[P, R]) -> Callable[P, R]:
    """Let everyone in. Also for an API view, which asks its caller for a token itself."""

    @wraps(page)
    def opened(*args: P.args, **kwargs: P.kwargs) -> R:
        return page(*args, **kwargs)

    return marked(opened, Audience.EVERYONE)


def data_subject_page(page: SubjectPage[P]) -> Page[P]:
    """Let in a data subject who passed both factors, for himself alone, and hand the page who that is."""

    @wraps(page)
    def gated(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = verified_user(request)
        if user is None:
            return to_log_in(request)
        subject = data_subject_of(request)
        if subject is None or not _may_keep_own(user, subject):
            raise Http404
        if acting.is_asked(request):
            return not_while_acting(request)
        return page(request, subject, *args, **kwargs)

    return marked(gated, Audience.DATA_SUBJECT)


def _may_keep_own(user: User, subject: DataSubject) -> bool:
    actor = replace(policy.of_role(user.role, user_id=user.pk), subject_id=subject.pk)
    return policy.can(actor, Action.KEEP_OWN, Target(subject_id=subject.pk)).permitted


def officer_page(page: StaffPage[P]) -> Page[P]:
    """Let in a privacy officer who passed both factors, and hand the page who that is."""
    return _staff_page(page, Role.OFFICER)


def desk_page(page: StaffPage[P]) -> Page[P]:
    """Let in an employee of the service desk who passed both factors, and hand the page who that is."""
    return _staff_page(page, Role.DESK)


def admin_page(page: StaffPage[P]) -> Page[P]:
    """Let in an administrator who passed both factors, and hand the page who that is."""
    return _staff_page(page, Role.ADMIN)


def logged_in_page(page: StaffPage[P]) -> Page[P]:
    """Let in everyone who passed both factors, in whatever role, and hand the page who that is."""

    @wraps(page)
    def gated(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = verified_user(request)
        return to_log_in(request) if user is None else page(request, user, *args, **kwargs)

    return marked(gated, Audience.LOGGED_IN)


def _staff_page(page: StaffPage[P], role: Role) -> Page[P]:
    @wraps(page)
    def gated(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = verified_user(request)
        if user is None:
            return to_log_in(request)
        actor = policy.of_role(user.role, user_id=user.pk)
        if not policy.can(actor, _ACTIONS[role], Target()).permitted:
            raise PermissionDenied
        return page(request, user, *args, **kwargs)

    return marked(gated, _AUDIENCES[role])


def not_while_acting(request: HttpRequest) -> HttpResponse:
    """Refuse a page of oneself to who acts for another, and say how to stop."""
    return render(request, "accounts/not_while_acting.html", status=HTTPStatus.FORBIDDEN)


def halfway_page(page: HalfwayPage) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let in who gave the right password less than ten minutes ago, and hand the page who that will be."""

    @wraps(page)
    def gated(request: HttpRequest, /) -> HttpResponseBase:
        found = pending.find(request)
        if found is None:
            return HttpResponseRedirect(reverse("log-in") + CONTENT)
        user = User.objects.filter(pk=found.user_id, is_active=True).first()
        if user is None or found.is_over(at=timezone.now()):  # noqa: TID251 - a gate is at the edge
            request.session.flush()
            messages.warning(request, _("Logging in took too long. Start again."))
            return HttpResponseRedirect(reverse("log-in") + CONTENT)
        return page(request, found, user)

    return marked(gated, Audience.HALFWAY)


def to_log_in(request: HttpRequest) -> HttpResponse:
    """Send someone to the log-in page, and back here afterwards when here is a page to read."""
    if "HX-Request" in request.headers:
        # A script asked for a piece of a page: let the whole page ask again, and be sent away itself.
        return HttpResponse(headers={"HX-Refresh": "true"})
    address = reverse("log-in")
    if request.method in {"GET", "HEAD"}:
        return HttpResponseRedirect(f"{address}?{urlencode({'next': request.get_full_path()})}")
    if _can_be_read(request.path_info):
        address += "?" + urlencode({"next": request.path})
    return HttpResponseRedirect(address + CONTENT)


def _can_be_read(path: str) -> bool:
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    return _READ_AND_SEND in getattr(view, "__dict__", {})


def start_page(user: User) -> str:
    """Return where a log-in leads when nothing else was asked for."""
    return reverse(_START_PAGES.get(Role(user.role), "home"))


def next_page(asked: str, *, user: User) -> str:
    """Return the page that was asked for if it is one of ours and for this user, else the start page.

    An address on another host, or one that browsers read as such (`//`, a backslash, a control
    character), is never followed.
    """
    if not asked.startswith("/") or not url_has_allowed_host_and_scheme(asked, allowed_hosts=None):
        return start_page(user)
    try:
        view = resolve(urlsplit(asked).path).func
    except (Resolver404, ValueError):
        return start_page(user)
    is_for_user = audience_of(view) in {_AUDIENCES[Role(user.role)], Audience.LOGGED_IN}
    return asked if is_for_user else start_page(user)
