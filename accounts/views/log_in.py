"""Logging in and out. Nobody is logged in before both factors have passed."""

from datetime import datetime
from http import HTTPStatus

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp.models import Device

from accounts import device_cookies, operations, pending
from accounts.devices import BoundedDevice
from accounts.errors import (
    AlreadyEnrolledError,
    FactorDisabledError,
    LockedOutError,
    TooManyAttemptsError,
    WrongCodeError,
    WrongPasswordError,
)
from accounts.forms import CodeForm, PasskeyForm, PasswordForm, RecoveryCodeForm
from accounts.gates import (
    CONTENT,
    halfway_page,
    next_page,
    public_page,
    read_and_send,
    start_page,
    verified_user,
)
from accounts.models import Passkey, RecoveryDevice, TotpDevice, User
from accounts.oidc.provider import configured
from accounts.pending import Pending
from accounts.queries import app_of, has_passkey, has_second_factor, recovery_codes_of
from accounts.session_rules import Method
from accounts.views.attempts import caller, disabled, locked_out, refused
from accounts.views.codes import ask_for_codes, show_codes
from accounts.views.entering import enter
from accounts.views.passkey_part import passkey_part
from accounts.wording import fault, setup_texts

_METHODS: dict[type[Device], Method] = {
    Passkey: Method.PASSKEY,
}


@read_and_send
@sensitive_post_parameters()
@public_page
def log_in(request: HttpRequest) -> HttpResponse:
    """Ask for the e-mail address and the password."""
    user = verified_user(request)
    if request.method != "POST":
        if user is not None:
            return HttpResponseRedirect(start_page(user))
        pending.stop(request)
        return show_log_in(request, PasswordForm(), next_page=request.GET.get("next", ""))
    form = PasswordForm(request.POST)
    asked = request.POST.get("next", "")
    if not form.is_valid():
        return show_log_in(request, form, next_page=asked, status=422)
    at = timezone.now()
    try:
        found = operations.check_password(
            email=form.cleaned_data["email"],
            password=form.cleaned_data["password"],
            address=caller(request),
            cookie=device_cookies.of(request),
            at=at,
        )
    except (WrongPasswordError, TooManyAttemptsError) as error:
        form.add_error("email", fault(error, at=at))
        return refused(show_log_in(request, form, next_page=asked), error, at=at)
    pending.begin(request, user_id=found.id, next_page=next_page(asked, user=found), at=at)
    return on_to("log-in-code" if has_second_factor(found) else "enrol")


@read_and_send
@sensitive_post_parameters()
@halfway_page
def log_in_code(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Ask for a passkey or for the code from the app."""
    device = app_of(user)
    if device is None and not has_passkey(user):
        return on_to("enrol")
    if device is None or (device.is_disabled and has_passkey(user)):
        return show_code(request, user)
    form = CodeForm(request.POST if request.method == "POST" else None)
    return _ask_code(request, halfway, user, device, form, template="accounts/code.html")


@read_and_send
@sensitive_post_parameters()
@halfway_page
def log_in_recovery(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Ask for a recovery code, from who does not have the app at hand."""
    device = recovery_codes_of(user)
    if device is None:
        return on_to("log-in-code")
    form = RecoveryCodeForm(request.POST if request.method == "POST" else None)
    return _ask_code(request, halfway, user, device, form, template="accounts/recovery_code.html")


@read_and_send
@sensitive_post_parameters()
@halfway_page
def enrol(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Set up an app: the first one, or a new one after a recovery code."""
    is_replacing = _may_only_enrol(halfway)
    if has_second_factor(user) and not is_replacing:
        return on_to("enrol-codes" if halfway.passed else "log-in-code")
    if operations.lacks_passkey(user) and not is_replacing:
        return on_to("passkey-enrol")
    device = TotpDevice.objects.filter(pk=halfway.app, user=user, confirmed=False).first()
    if device is None:
        device = operations.start_app(user=user, at=timezone.now())
        halfway = pending.set_up(request, halfway, app=device.pk)
    if request.method != "POST":
        return _show_setup(request, halfway, device, CodeForm())
    return _set_up(request, halfway, user, device)


@read_and_send
@halfway_page
def enrol_codes(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Show ten recovery codes, once; go on when they are kept."""
    if not halfway.passed or _may_only_enrol(halfway):
        return on_to("enrol")
    answer = ask_for_codes(request, user, action=reverse("enrol-codes"), at=timezone.now())
    return answer or complete(request, halfway, user)


@require_POST
@public_page
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session. Open to everyone: who was logged out already gets the same answer."""
    auth.logout(request)
    messages.success(request, _("You are logged out."))
    response = redirect("home")
    # Not "cookies" (docs/decisions/0022): browsers then forget those of the whole domain of the organisation, and
    # with them which browsers the owner knows. The one that mattered opens nothing any more.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _ask_code(
    request: HttpRequest,
    halfway: Pending,
    user: User,
    device: BoundedDevice,
    form: CodeForm | RecoveryCodeForm,
    *,
    template: str,
) -> HttpResponse:
    if not form.is_bound and device.is_disabled:
        return disabled(request, device)
    context = {"form": form, "passkey": passkey_part(user)}
    if not form.is_bound or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return render(request, template, context, status=status)
    at = timezone.now()
    try:
        operations.check_code(
            user=user,
            device=device,
            code=form.cleaned_data["code"],
            address=caller(request),
            cookie=device_cookies.of(request),
            at=at,
        )
    except LockedOutError as error:
        return locked_out(request, error, at=at)
    except FactorDisabledError:
        return disabled(request, device, status=422)
    except (WrongCodeError, TooManyAttemptsError) as error:
        form.add_error("code", fault(error, at=at, is_app=isinstance(device, TotpDevice)))
        return refused(render(request, template, context), error, at=at)
    return proceed(request, halfway, user, device, at=at)


def _set_up(request: HttpRequest, halfway: Pending, user: User, device: TotpDevice) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _show_setup(request, halfway, device, form, status=422)
    at = timezone.now()
    try:
        operations.confirm_app(
            user=user,
            device=device,
            code=form.cleaned_data["code"],
            address=caller(request),
            cookie=device_cookies.of(request),
            is_replacing=_may_only_enrol(halfway),
            at=at,
        )
    except AlreadyEnrolledError:
        return on_to("log-in-code")
    except LockedOutError as error:
        return locked_out(request, error, at=at)
    except (WrongCodeError, TooManyAttemptsError) as error:
        form.add_error("code", fault(error, at=at, is_app=True))
        return refused(_show_setup(request, halfway, device, form), error, at=at)
    pending.passed(request, halfway, device=device.persistent_id, at=at)
    return show_codes(request, user, action=reverse("enrol-codes"))


def proceed(
    request: HttpRequest, halfway: Pending, user: User, device: Device, *, at: datetime
) -> HttpResponse:
    """Go on after a second factor was passed: to what is still to be set up, or in."""
    halfway = pending.passed(request, halfway, device=device.persistent_id, at=at)
    if isinstance(device, RecoveryDevice):
        return on_to("enrol")
    if recovery_codes_of(user) is None:
        return on_to("enrol-codes")
    return complete(request, halfway, user)


def complete(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Log in: a new session with nothing in it but the user and the device that was passed."""
    device = Device.from_persistent_id(halfway.passed)
    if device is None or isinstance(device, RecoveryDevice):
        return on_to("log-in")
    if device.user_id != user.id or not device.confirmed:
        return on_to("log-in")
    if operations.lacks_passkey(user):
        return on_to("passkey-enrol")
    if not pending.claim(request):
        return on_to("log-in")
    return enter(
        request,
        user=user,
        device=device,
        method=_METHODS.get(type(device), Method.APP),
        next_page=halfway.next,
        at=timezone.now(),
    )


def on_to(name: str) -> HttpResponse:
    return HttpResponseRedirect(reverse(name) + CONTENT)


def _may_only_enrol(halfway: Pending) -> bool:
    """Say whether a recovery code or a code by post was passed: that leads to a new factor, and no further."""
    if halfway.passed == pending.POSTED_CODE:
        return True
    return isinstance(Device.from_persistent_id(halfway.passed), RecoveryDevice)


def show_log_in(
    request: HttpRequest,
    form: PasswordForm,
    *,
    next_page: str,
    status: int = 200,
    passkey_form: PasskeyForm | None = None,
) -> HttpResponse:
    part = passkey_part(None, form=passkey_form)
    provider = configured()
    context = {
        "form": form,
        "next": next_page,
        "passkey": part,
        "provider": provider.name if provider else "",
    }
    return render(request, "accounts/log_in.html", context, status=status)


def show_code(
    request: HttpRequest, user: User, *, passkey_form: PasskeyForm | None = None
) -> HttpResponse:
    """Show what there is to pass the second step with."""
    app = app_of(user)
    form = CodeForm() if app and not app.is_disabled else None
    part = passkey_part(user, form=passkey_form)
    return render(request, "accounts/code.html", {"form": form, "passkey": part})


def _show_setup(
    request: HttpRequest, halfway: Pending, device: TotpDevice, form: CodeForm, *, status: int = 200
) -> HttpResponse:
    texts = setup_texts(device)
    is_replacing = _may_only_enrol(halfway)
    part = passkey_part(None)
    context = {"form": form, "texts": texts, "is_replacing": is_replacing, "passkey": part}
    return render(request, "accounts/enrol.html", context, status=status)
