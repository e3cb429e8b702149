"""Checks that stop doors from standing open in production: `python3 manage.py check --deploy`.

Beside those of config/checks.py, which are about the machine, and Django's own (HSTS is security.W004,
a weak secret security.W009, no host names security.W020).
"""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.http.request import validate_host

from accounts.identity import login_index
from accounts.models import Passkey, User
from accounts.operations.passkeys import PASSKEY_ROLES
from audit.keyfiles import KeyFileError
from consent.demo.people import demo_accounts
from consent.demo.place import MARK

_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
_SECRETS_IN_THE_CLEAR = "django_otp.plugins."
_REQUIRED = (
    "config.middleware.SecurityHeaders",
    "config.middleware.RequestLimits",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.BothFactorsRequired",
)


def _has_open_cookie_names() -> bool:
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    return settings.IS_HTTPS and not all(name.startswith("__Host-") for name in names)


def _lacks_a_guard() -> bool:
    return not set(_REQUIRED) <= set(settings.MIDDLEWARE)


def _has_other_second_factors() -> bool:
    return any(name.startswith(_SECRETS_IN_THE_CLEAR) for name in settings.INSTALLED_APPS)


def _is_from_the_demo() -> bool:
    return any(
        (folder / MARK).exists() for folder in (settings.DATA_DIR, *settings.KEYS_DIR.parents)
    )


def _knows_people_of_the_demo() -> bool:
    """Ask for none of them where nobody is known: the keys to look people up by may not be there yet."""
    try:
        people = User.objects.filter(is_active=True)
        if not people.exists():
            return False
        found = [login_index(account.email) for account in demo_accounts()]
        return people.filter(login_index__in=found).exists()
    except (DatabaseError, KeyFileError):  # other checks and the start itself tell of these
        return False


def _has_staff_without_a_passkey() -> bool:
    """Ask it of the roles that must have one: until then the password alone lets them set one up."""
    try:
        staff = User.objects.filter(role__in=PASSKEY_ROLES, is_active=True)
        return staff.exclude(pk__in=Passkey.objects.filter(confirmed=True).values("user")).exists()
    except DatabaseError:
        return False


def _turns_people_away() -> bool:
    return not validate_host(
        urlsplit(settings.PUBLIC_BASE_URL).hostname or "", settings.ALLOWED_HOSTS
    )


def _is_elsewhere(host: str | None) -> bool:
    return (host or "") not in _HERE and not str(host).startswith("/")


def _mails_in_the_clear() -> bool:
    is_sent = settings.EMAIL_BACKEND.endswith("smtp.EmailBackend")
    is_closed = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    return is_sent and not is_closed and _is_elsewhere(settings.EMAIL_HOST)


def _asks_the_database_in_the_clear() -> bool:
    found = connection.settings_dict
    is_closed = found["OPTIONS"].get("sslmode") in {"require", "verify-ca", "verify-full"}
    return connection.vendor == "postgresql" and not is_closed and _is_elsewhere(found["HOST"])


def _nudges_in_the_clear() -> bool:
    address = urlsplit(settings.CELERY_BROKER_URL)
    return address.scheme in {"redis", "amqp"} and _is_elsewhere(address.hostname)


RULES: list[tuple[Callable[[], bool], checks.CheckMessage]] = [
    (
        _has_open_cookie_names,
        checks.Error(
            "A cookie of this installation can be set by another host name of the organisation.",
            hint="Leave SESSION_COOKIE_NAME and CSRF_COOKIE_NAME as they are: they start with __Host-.",
            id="regie.E009",
        ),
    ),
    (
        _lacks_a_guard,
        checks.Error(
            "A guard was taken out of MIDDLEWARE: headers, limits, forms or both factors are not looked after.",
            hint=f"Put back: {', '.join(_REQUIRED)}.",
            id="regie.E010",
        ),
    ),
    (
        _has_other_second_factors,
        checks.Error(
            "A plug-in of django-otp is installed: it keeps its secrets readable, and lets people past ours.",
            hint="Take everything that starts with django_otp.plugins out of INSTALLED_APPS.",
            id="regie.E011",
        ),
    ),
    (
        _is_from_the_demo,
        checks.Error(
            "The folder with data or keys was made by the demo.",
            hint="Set REGIE_DATA_DIR and REGIE_KEYS_DIR to new, empty folders.",
            id="regie.E012",
        ),
    ),
    (
        _knows_people_of_the_demo,
        checks.Error(
            "People of the demo can log in: everyone can read their passwords and secrets.",
            hint="Start with an empty database and new keys.",
            id="regie.E013",
        ),
    ),
    (
        lambda: not settings.SECURITY_CONTACT,
        checks.Warning(
            "Whoever finds a weakness in this installation cannot tell you: there is no security.txt.",
            hint="Set REGIE_SECURITY_CONTACT to a mailto: or https: address that is read every day.",
            id="regie.W006",
        ),
    ),
    (
        _turns_people_away,
        checks.Warning(
            "The host name of REGIE_PUBLIC_BASE_URL is not accepted: everyone who follows a link is refused.",
            hint="Add it to REGIE_ALLOWED_HOSTS.",
            id="regie.W007",
        ),
    ),
    (
        _mails_in_the_clear,
        checks.Warning(
            "Mail goes to another machine without encryption.",
            hint="Set REGIE_EMAIL_TLS to starttls or implicit.",
            id="regie.W008",
        ),
    ),
    (
        _asks_the_database_in_the_clear,
        checks.Warning(
            "The database is on another machine, and may be asked without encryption.",
            hint="Add ?sslmode=verify-full to REGIE_DATABASE_URL, with the certificate of its authority.",
            id="regie.W009",
        ),
    ),
    (
        _nudges_in_the_clear,
        checks.Warning(
            "The broker is on another machine, and is spoken to without encryption.",
            hint="Use rediss:// or amqps:// in REGIE_BROKER_URL.",
            id="regie.W010",
        ),
    ),
    (
        _has_staff_without_a_passkey,
        checks.Warning(
            "A privacy officer or an administrator has no passkey yet: who has the password sets one up.",
            hint="Let everyone in the office log in once, on a device of their own; end accounts that nobody uses.",
            id="regie.W011",
        ),
    ),
]


@checks.register(checks.Tags.security, deploy=True)
def doors_are_shut(**_options: object) -> Iterable[checks.CheckMessage]:
    return [message for applies, message in RULES if applies()]
