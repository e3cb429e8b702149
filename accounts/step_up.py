"""Asking again for a second factor, before what would hurt most when someone else sits at this screen.

Never before giving or withdrawing consent: withdrawing is as easy as giving (GDPR art. 7(3)).
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import sessions
from accounts.gates import CONTENT, verified_user

P = ParamSpec("P")
Who = TypeVar("Who")
_MARK = "step up"
GatedPage = Callable[Concatenate[HttpRequest, Who, P], HttpResponseBase]


def step_up_required(page: GatedPage[Who, P]) -> GatedPage[Who, P]:
    """Ask for a fresh second factor, whatever the method. Stands below the gate of the page.

    What was sent is not kept: one comes back to read the page.
    """
    return _asking(page, methods=None)


def step_up_to_send(
    *, back: str = "", arguments: tuple[str, ...] = ()
) -> Callable[[GatedPage[Who, P]], GatedPage[Who, P]]:
    """Ask for a fresh second factor before something is sent; reading the page needs none.

    `back` names the page to come back to, and `arguments` what it takes over of the arguments of this one;
    without it, this page itself.
    """

    def decorated(page: GatedPage[Who, P]) -> GatedPage[Who, P]:
        return _asking(page, methods=frozenset({"POST"}), back=back, arguments=arguments)

    return decorated


def _asking(
    page: GatedPage[Who, P],
    *,
    methods: frozenset[str] | None,
    back: str = "",
    arguments: tuple[str, ...] = (),
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
        came_for = request.get_full_path()
        if request.method == "POST":
            taken_over = {name: kwargs[name] for name in arguments}
            came_for = reverse(back, kwargs=taken_over) if back else request.path
            messages.info(
                request,
                _("First show that it is you. After that, press the button again."),
            )
        return HttpResponseRedirect(
            f"{reverse('step-up')}?{urlencode({'next': came_for})}{CONTENT}"
        )

    guarded.__dict__[_MARK] = True
    return guarded


def asks_again(view: Callable[..., object]) -> bool:
    """Say whether a view asks for a fresh second factor; decorators that use `functools.wraps` keep the mark."""
    return _MARK in getattr(view, "__dict__", {})
