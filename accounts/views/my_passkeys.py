"""One's own passkeys: see them, make one, name one, remove one."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import auth, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import operations, sessions
from accounts.errors import LastFactorError
from accounts.forms import NewPasskeyForm, PasskeyNameForm
from accounts.gates import logged_in_page, read_and_send
from accounts.models import Passkey, User
from accounts.queries import passkey_of, passkeys_of
from accounts.questions import Step
from accounts.step_up import step_up_required
from accounts.views.log_in import on_to
from accounts.views.passkey_part import passkey_part
from accounts.views.passkeys import asked, made
from accounts.wording import passkey_fault


@require_safe
@logged_in_page
def passkeys(request: HttpRequest, user: User) -> HttpResponse:
    """Show one's passkeys."""
    return render(request, "accounts/passkeys.html", {"passkeys": passkeys_of(user)})


@read_and_send
@sensitive_post_parameters()
@logged_in_page
@step_up_required
def passkey_add(request: HttpRequest, user: User) -> HttpResponse:
    """Make a passkey, beside those there are."""
    if request.method != "POST":
        return _show_add(request, user, NewPasskeyForm())
    form = NewPasskeyForm(request.POST)
    made_one = made(request, form, Step.ADD, user=user, is_proven=True, at=timezone.now())
    if made_one is None:
        return _show_add(request, user, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    request.session.cycle_key()
    messages.success(request, _("Your passkey is ready. You can log in with it from now on."))
    return on_to("passkeys")


@require_POST
@logged_in_page
@step_up_required
def passkey_add_question(request: HttpRequest, user: User) -> HttpResponse:
    """Give the question to a device that is to make a passkey."""
    return asked(
        request, lambda **told: operations.ask_for_new_passkey(user=user, **told), Step.ADD
    )


@read_and_send
@sensitive_post_parameters()
@logged_in_page
@step_up_required
def passkey_name(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    """Call a passkey otherwise."""
    passkey = _own(user, public_id)
    form = PasskeyNameForm(request.POST if request.method == "POST" else {"name": passkey.label})
    if request.method != "POST" or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        context = {"form": form, "passkey": passkey}
        return render(request, "accounts/passkey_name.html", context, status=status)
    operations.rename_passkey(passkey=passkey, name=form.cleaned_data["name"], at=timezone.now())
    messages.success(request, _("The name is saved."))
    return on_to("passkeys")


@read_and_send
@logged_in_page
@step_up_required
def passkey_remove(request: HttpRequest, user: User, public_id: UUID) -> HttpResponse:
    """Say what removing means; remove when that is what one wants."""
    passkey = _own(user, public_id)
    context = {"passkey": passkey, "is_in_use": _is_in_use(request, passkey), "fault": ""}
    if request.method != "POST":
        return render(request, "accounts/passkey_remove.html", context)
    at = timezone.now()
    try:
        operations.remove_passkey(passkey=passkey, keep=sessions.public_id(request), at=at)
    except LastFactorError as error:
        context["fault"] = passkey_fault(error, at=at)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return render(request, "accounts/passkey_remove.html", context, status=status)
    if context["is_in_use"]:
        auth.logout(request)
    messages.success(request, _("Your passkey is removed. Remove it from your device as well."))
    return on_to("log-in" if context["is_in_use"] else "passkeys")


def _own(user: User, public_id: UUID) -> Passkey:
    found = passkey_of(user, public_id)
    if found is None:
        raise Http404
    return found


def _is_in_use(request: HttpRequest, passkey: Passkey) -> bool:
    return getattr(request.user, "otp_device", None) == passkey


def _show_add(
    request: HttpRequest, user: User, form: NewPasskeyForm, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    context = {"form": form, "passkey": passkey_part(user)}
    return render(request, "accounts/passkey_add.html", context, status=status)
