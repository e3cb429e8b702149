"""Checks that stop an unsafe installation: `python3 manage.py check --deploy`."""

import re
import stat
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.db import connection

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def _is_on_sqlite() -> bool:
    return connection.vendor == "sqlite"


def _owns_the_log() -> bool:
    """Only PostgreSQL tells owners apart; a database without tables has none yet."""
    if _is_on_sqlite():
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('audit_logentry')"
        )
        return bool(cursor.fetchone() == (True,))


def _is_log_unnamed() -> bool:
    """`.example` is reserved for nobody (RFC 2606): the default origin lies below it."""
    return settings.LOG_ORIGIN.split("/")[0].endswith(".example")


def _is_open_to_others(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _can_others_read_keys() -> bool:
    return _is_open_to_others(settings.KEYS_DIR)


def _can_others_read_data() -> bool:
    if _is_open_to_others(settings.DATA_DIR):
        return True
    # A database of its own place: a closed folder closes what is in it.
    database = Path(str(connection.settings_dict["NAME"])).absolute()
    return _is_on_sqlite() and all(map(_is_open_to_others, (database, database.parent)))


RULES: list[tuple[Callable[[], bool], checks.CheckMessage]] = [
    (
        lambda: settings.DEMO,
        checks.Error(
            "The demo is on: its people, passwords and secrets are known to everyone.",
            hint="Unset REGIE_DEMO, and start with an empty database and new keys.",
            id="regie.E002",
        ),
    ),
    (
        lambda: settings.DEBUG,
        checks.Error(
            "REGIE_DEBUG is on: error pages show people what the program knows.",
            hint="Unset REGIE_DEBUG.",
            id="regie.E003",
        ),
    ),
    (
        lambda: not settings.IS_HTTPS,
        checks.Error(
            "People would reach Regie without encryption.",
            hint="Set REGIE_PUBLIC_BASE_URL to the https:// address that people use.",
            id="regie.E004",
        ),
    ),
    (
        lambda: "*" in settings.ALLOWED_HOSTS,
        checks.Error(
            "Any host name is accepted.",
            hint="Set REGIE_ALLOWED_HOSTS to the host names that people use.",
            id="regie.E005",
        ),
    ),
    (
        lambda: not settings.STAFF_PASSKEY_REQUIRED,
        checks.Error(
            "Privacy officers and administrators may log in without a passkey.",
            hint="Unset REGIE_STAFF_PASSKEY_REQUIRED.",
            id="regie.E024",
        ),
    ),
    (
        _can_others_read_keys,
        checks.Error(
            "Other accounts on this machine can look into the folder with keys.",
            hint="Give the folder to the account that runs Regie alone (chmod 700), or set REGIE_KEYS_DIR.",
            id="regie.E006",
        ),
    ),
    (
        _is_log_unnamed,
        checks.Error(
            "The log has no name of its own, and once it has entries only an incident gives it another.",
            hint="Set REGIE_LOG_ORIGIN before the first start, such as regie.<your domain>/log.",
            id="regie.E007",
        ),
    ),
    (
        _can_others_read_data,
        checks.Error(
            "Other accounts on this machine can look into the folder with data, or into the database in it.",
            hint="Give the folder to the account that runs Regie alone (chmod 700), or set REGIE_DATA_DIR.",
            id="regie.E008",
        ),
    ),
    (
        _is_on_sqlite,
        checks.Warning(
            "The database is SQLite: one machine, and one writer at a time.",
            hint="Set REGIE_DATABASE_URL to a PostgreSQL database.",
            id="regie.W001",
        ),
    ),
    (
        lambda: settings.CELERY_BROKER_URL.startswith("memory:"),
        checks.Warning(
            "Background work stays inside one process: no worker elsewhere gets any.",
            hint="Set REGIE_BROKER_URL, such as redis://127.0.0.1:6379/0.",
            id="regie.W002",
        ),
    ),
    (
        lambda: settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"),
        checks.Warning(
            "Mail is written to files; nobody receives it.",
            hint="Set REGIE_EMAIL_BACKEND to django.core.mail.backends.smtp.EmailBackend.",
            id="regie.W003",
        ),
    ),
    (
        lambda: settings.IS_HTTPS and not settings.TRUSTED_PROXY_COUNT,
        checks.Warning(
            "No proxy is trusted: all visitors behind one share its address, and lock each other out.",
            hint="Set REGIE_TRUSTED_PROXY_COUNT to how many proxies stand in front, usually 1.",
            id="regie.W004",
        ),
    ),
    (
        _owns_the_log,
        checks.Warning(
            "The program runs as the owner of the tables, who can lift what keeps the log append-only.",
            hint="Let it log in as a member of the roles that `manage.py grant_roles` makes; docs/operate.md.",
            id="regie.W005",
        ),
    ),
]


@checks.register(checks.Tags.security)
def demo_stays_at_home(**_options: object) -> list[checks.CheckMessage]:
    """Everyone can read the passwords and secrets of the demo in its source."""
    if not settings.DEMO or LOOPBACK.issuperset(settings.ALLOWED_HOSTS):
        return []
    return [
        checks.Error(
            "The demo may only be reached from this machine.",
            hint="Unset REGIE_DEMO. To see the demo: python3 manage.py demo",
            id="regie.E001",
        )
    ]


@checks.register(checks.Tags.security)
def security_contact_is_an_address(**_options: object) -> list[checks.CheckMessage]:
    """RFC 9116 asks for a URI, and a line break would start another field."""
    contact = settings.SECURITY_CONTACT
    if not contact or re.fullmatch(r"(mailto|https):[\x21-\x7e]+", contact):
        return []
    return [
        checks.Error(
            f"REGIE_SECURITY_CONTACT is {contact!r}, and nobody can report a weakness there.",
            hint="Make it an address that starts with mailto: or https:, or unset it.",
            id="regie.E020",
        )
    ]


@checks.register(checks.Tags.security)
def staff_can_log_in(**_options: object) -> list[checks.CheckMessage]:
    """Browsers give no passkey to an IP address, nor without https."""
    if settings.PASSKEY_ORIGIN or not settings.STAFF_PASSKEY_REQUIRED:
        return []
    return [
        checks.Error(
            f"Staff must log in with a passkey, and browsers give none at {settings.PUBLIC_BASE_URL}.",
            hint="Set REGIE_PUBLIC_BASE_URL to an https:// address with a host name.",
            id="regie.E025",
        )
    ]


@checks.register(checks.Tags.security, deploy=True)
def installation_is_safe(**_options: object) -> list[checks.CheckMessage]:
    return [message for applies, message in RULES if applies()]
