"""Asking again for a second factor, before what would hurt most when someone else sits at this screen.

Never before giving or withdrawing consent: withdrawing is as easy as giving (GDPR art. 7(3)).
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import sessions
from accounts.gates import CONTENT, verified_user

P = ParamSpec("P")
Who = TypeVar("Who")
GatedPage = Callable[Concatenate[HttpRequest, Who, P], HttpResponseBase]


def step_up_required(page: GatedPage[Who, P]) -> GatedPage[Who, P]:
    """Ask for a fresh second factor, whatever the method. Stands below the gate of the page.

    What was sent is not kept: one comes back to read the page.
    """
    return _asking(page, methods=None, back="")


def step_up_to_send(*, back: str = "") -> Callable[[GatedPage[Who, P]], GatedPage[Who, P]]:
    """Ask for a fresh second factor before something is sent; reading the page needs none.

    `back` names the page to come back to, with the arguments of this one when it takes them; without it,
    this page itself.
    """

    def decorated(page: GatedPage[Who, P]) -> GatedPage[Who, P]:
        return _asking(page, methods=frozenset({"POST"}), back=back)

    return decorated


def _address(name: str, kwargs: Mapping[str, object]) -> str:
    try:
        return reverse(name, kwargs=dict(kwargs))
    except NoReverseMatch:
        return reverse(name)


def _asking(
    page: GatedPage[Who, P], *, methods: frozenset[str] | None, back: str
) -> GatedPage[Who, P]:
    @wraps(page)
    def guarded(
        request: HttpRequest, who: Who, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        user = verified_user(request)
        is_asked = methods is None or request.method in methods
        at = timezone.now()  # noqa: TID251 - a gate is at the edge
        if not is_asked or (user and sessions.is_fresh(request, user=user, at=at)):
            return page(request, who, *args, **kwargs)
        came_for = _address(back, kwargs) if back else request.get_full_path()
        if request.method == "POST":
            came_for = came_for if back else request.path
            messages.info(
                request,
                _("First show that it is you. After that, press the button again."),
            )
        return HttpResponseRedirect(
            f"{reverse('step-up')}?{urlencode({'next': came_for})}{CONTENT}"
        )

    return guarded
