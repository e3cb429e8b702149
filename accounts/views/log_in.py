"""Logging in and out. Nobody is logged in before both factors have passed."""

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp.models import Device

from accounts import operations, pending, sessions
from accounts.devices import BoundedDevice
from accounts.errors import (
    AlreadyEnrolledError,
    FactorDisabledError,
    TooManyAttemptsError,
    WrongCodeError,
    WrongPasswordError,
)
from accounts.forms import CodeForm, PasswordForm, RecoveryCodeForm
from accounts.gates import (
    CONTENT,
    halfway_page,
    next_page,
    public_page,
    read_and_send,
    start_page,
    verified_user,
)
from accounts.models import RecoveryDevice, TotpDevice, User
from accounts.pending import Pending
from accounts.queries import app_of, recovery_codes_of
from accounts.session_rules import Method
from accounts.views.attempts import caller, refused
from accounts.wording import fault, setup_texts


@read_and_send
@sensitive_post_parameters()
@public_page
def log_in(request: HttpRequest) -> HttpResponse:
    """Ask for the e-mail address and the password."""
    user = verified_user(request)
    if request.method != "POST":
        if user is not None:
            return HttpResponseRedirect(start_page(user))
        return _show_log_in(request, PasswordForm(), next_page=request.GET.get("next", ""))
    form = PasswordForm(request.POST)
    asked = request.POST.get("next", "")
    if not form.is_valid():
        return _show_log_in(request, form, next_page=asked, status=422)
    at = timezone.now()
    try:
        found = operations.check_password(
            email=form.cleaned_data["email"],
            password=form.cleaned_data["password"],
            address=caller(request),
            at=at,
        )
    except (WrongPasswordError, TooManyAttemptsError) as error:
        form.add_error("email", fault(error, at=at))
        return refused(_show_log_in(request, form, next_page=asked), error, at=at)
    pending.begin(request, user_id=found.id, next_page=next_page(asked, user=found), at=at)
    return _on_to("enrol" if app_of(found) is None else "log-in-code")


@read_and_send
@sensitive_post_parameters()
@halfway_page
def log_in_code(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Ask for the code from the app."""
    device = app_of(user)
    if device is None:
        return _on_to("enrol")
    form = CodeForm(request.POST if request.method == "POST" else None)
    return _ask_code(request, halfway, user, device, form, template="accounts/code.html")


@read_and_send
@sensitive_post_parameters()
@halfway_page
def log_in_recovery(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Ask for a recovery code, from who does not have the app at hand."""
    device = recovery_codes_of(user)
    if device is None:
        return _on_to("log-in-code")
    form = RecoveryCodeForm(request.POST if request.method == "POST" else None)
    return _ask_code(request, halfway, user, device, form, template="accounts/recovery_code.html")


@read_and_send
@sensitive_post_parameters()
@halfway_page
def enrol(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Set up an app: the first one, or a new one after a recovery code."""
    is_replacing = _may_only_enrol(halfway)
    if app_of(user) is not None and not is_replacing:
        return _on_to("enrol-codes" if halfway.passed else "log-in-code")
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
        return _on_to("enrol")
    if request.method != "POST":
        return render(request, "accounts/codes_ahead.html")
    if "kept" in request.POST and operations.confirm_recovery_codes(user=user):
        return _complete(request, halfway, user)
    return _show_codes(request, user)


@require_POST
@public_page
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session. Open to everyone: who was logged out already gets the same answer."""
    auth.logout(request)
    messages.success(request, _("You are logged out."))
    response = redirect("home")
    # Not "cookies": that would also forget the language, and the message. The session is gone.
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
    if not form.is_bound:
        return render(request, template, {"form": form})
    if not form.is_valid():
        return render(request, template, {"form": form}, status=422)
    at = timezone.now()
    try:
        operations.check_code(
            user=user,
            device=device,
            code=form.cleaned_data["code"],
            address=caller(request),
            at=at,
        )
    except (WrongCodeError, TooManyAttemptsError, FactorDisabledError) as error:
        form.add_error("code", fault(error, at=at, is_app=isinstance(device, TotpDevice)))
        return refused(render(request, template, {"form": form}), error, at=at)
    halfway = pending.passed(request, halfway, device=device.persistent_id, at=at)
    if isinstance(device, RecoveryDevice):
        return _on_to("enrol")
    if recovery_codes_of(user) is None:
        return _on_to("enrol-codes")
    return _complete(request, halfway, user)


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
            is_replacing=_may_only_enrol(halfway),
            at=at,
        )
    except AlreadyEnrolledError:
        return _on_to("log-in-code")
    except (WrongCodeError, TooManyAttemptsError) as error:
        form.add_error("code", fault(error, at=at, is_app=True))
        return refused(_show_setup(request, halfway, device, form), error, at=at)
    pending.passed(request, halfway, device=device.persistent_id, at=at)
    return _show_codes(request, user)


def _complete(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Log in: a new session with nothing in it but the user and the device that was passed."""
    device = Device.from_persistent_id(halfway.passed)
    if not isinstance(device, TotpDevice) or device.user_id != user.id or not device.confirmed:
        return _on_to("log-in")
    if not pending.claim(request):
        return _on_to("log-in")
    at = timezone.now()
    operations.record_sign_in(user=user, device=device, at=at)
    sessions.begin(request, user=user, device=device, method=Method.APP, at=at)
    return HttpResponseRedirect(halfway.next if "#" in halfway.next else halfway.next + CONTENT)


def _on_to(name: str) -> HttpResponse:
    return HttpResponseRedirect(reverse(name) + CONTENT)


def _may_only_enrol(halfway: Pending) -> bool:
    """Say whether a recovery code or a code by post was passed: that leads to a new app, and no further."""
    if halfway.passed == pending.POSTED_CODE:
        return True
    return isinstance(Device.from_persistent_id(halfway.passed), RecoveryDevice)


def _show_log_in(
    request: HttpRequest, form: PasswordForm, *, next_page: str, status: int = 200
) -> HttpResponse:
    context = {"form": form, "next": next_page}
    return render(request, "accounts/log_in.html", context, status=status)


def _show_setup(
    request: HttpRequest, halfway: Pending, device: TotpDevice, form: CodeForm, *, status: int = 200
) -> HttpResponse:
    texts = setup_texts(device)
    is_replacing = _may_only_enrol(halfway)
    context = {"form": form, "texts": texts, "is_replacing": is_replacing}
    return render(request, "accounts/enrol.html", context, status=status)


def _show_codes(request: HttpRequest, user: User) -> HttpResponse:
    codes = operations.make_recovery_codes(user=user)
    return render(request, "accounts/codes.html", {"codes": codes})
