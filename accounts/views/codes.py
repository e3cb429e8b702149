"""Ten new recovery codes: shown once, and they count when one of them was typed back."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import operations, sessions
from accounts.devices import FEW
from accounts.forms import RecoveryCodeForm
from accounts.models import User


def ask_for_codes(
    request: HttpRequest, user: User, *, action: str, at: datetime
) -> HttpResponse | None:
    """Answer until the codes that were shown were kept: then they count, and there is nothing more to answer.

    `action` is the address of the page that asks this.
    """
    if request.method != "POST":
        return render(request, "accounts/codes_ahead.html", {"action": action})
    if "code" not in request.POST:
        return show_codes(request, user, action=action)
    form = RecoveryCodeForm(request.POST)
    if form.is_valid():
        typed = form.cleaned_data["code"]
        keep = sessions.public_id(request)
        if operations.confirm_recovery_codes(user=user, typed=typed, at=at, keep=keep):
            return None
        form.add_error(
            "code", _("This is not one of the codes that we just showed. Type one of those.")
        )
    context = {"codes": (), "form": form, "action": action}
    return render(request, "accounts/codes.html", context, status=422)


def show_codes(request: HttpRequest, user: User, *, action: str) -> HttpResponse:
    """Make ten codes and show them, this once."""
    codes = operations.make_recovery_codes(user=user)
    context = {"codes": codes, "form": RecoveryCodeForm(), "action": action}
    return render(request, "accounts/codes.html", context)


def codes_left(count: int) -> str:
    """Say how many codes are left after one was used, and offer new ones when they are few."""
    said = ngettext(
        "You logged in with a recovery code. You have %(count)s code left.",
        "You logged in with a recovery code. You have %(count)s codes left.",
        count,
    ) % {"count": count}
    if count >= FEW:
        return said
    link = format_html('<a href="{}">{}</a>', reverse("new-codes"), _("Make new recovery codes"))
    return format_html("{} {}", said, link)
