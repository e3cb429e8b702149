"""`check --deploy` is quiet about a sound installation, and names each fault of another."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from tests.config.test_database_roles import role

pytestmark = pytest.mark.django_db


@pytest.fixture
def installation(settings: Settings, tmp_path: Path) -> Settings:
    """A sound one."""
    tmp_path.chmod(0o700)
    settings.DEMO = settings.DEBUG = False
    settings.PUBLIC_BASE_URL, settings.IS_HTTPS = "https://regie.vechtwater.nl", True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True
    settings.SECURITY_CONTACT = "mailto:security@vechtwater.nl"
    settings.ALLOWED_HOSTS = ["regie.vechtwater.nl"]
    settings.KEYS_DIR = settings.DATA_DIR = tmp_path
    settings.PASSKEY_ORIGIN, settings.STAFF_PASSKEY_REQUIRED = settings.PUBLIC_BASE_URL, True
    settings.TRUSTED_PROXY_COUNT = 1
    settings.LOG_ORIGIN = "regie.vechtwater.nl/log"
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:6379/0"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "mail.vechtwater.nl", True
    return settings


def found() -> set[str | None]:
    """Return what is said, apart from words about the database that these tests happen to run on."""
    messages = run_checks(tags=["security"], include_deployment_checks=True)
    return {message.id for message in messages if not message.is_silenced()} - {
        "regie.W001",
        "regie.W005",
    }


class TestCheckDeploy:
    def test_is_quiet_about_a_sound_installation(self, installation: Settings) -> None:
        assert found() == set()

    @pytest.mark.parametrize(
        ("setting", "value", "message"),
        [
            ("DEMO", True, "regie.E002"),
            ("DEBUG", True, "regie.E003"),
            ("IS_HTTPS", False, "regie.E004"),
            ("ALLOWED_HOSTS", ["*"], "regie.E005"),
            ("LOG_ORIGIN", "regie.example/log", "regie.E007"),
            ("CELERY_BROKER_URL", "memory://", "regie.W002"),
            ("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend", "regie.W003"),
            ("TRUSTED_PROXY_COUNT", 0, "regie.W004"),
            ("STAFF_PASSKEY_REQUIRED", False, "regie.E024"),
            ("PASSKEY_ORIGIN", "", "regie.E025"),
            ("SESSION_COOKIE_NAME", "session", "regie.E009"),
            ("CSRF_COOKIE_NAME", "csrf", "regie.E009"),
            ("SECURITY_CONTACT", "", "regie.W006"),
            ("ALLOWED_HOSTS", ["www.vechtwater.nl"], "regie.W007"),
            ("EMAIL_USE_TLS", False, "regie.W008"),
            ("CELERY_BROKER_URL", "redis://broker.vechtwater.nl/0", "regie.W010"),
            ("CELERY_BROKER_URL", "amqp://broker.vechtwater.nl//", "regie.W010"),
            ("SECURE_HSTS_SECONDS", 0, "security.W004"),
            ("SECURE_HSTS_INCLUDE_SUBDOMAINS", False, "security.W005"),
            ("SECRET_KEY", "django-insecure-" + "x" * 50, "security.W009"),
            ("SECRET_KEY", "geheim", "security.W009"),
            ("SESSION_COOKIE_SECURE", False, "security.W011"),
            ("CSRF_COOKIE_SECURE", False, "security.W016"),
            ("ALLOWED_HOSTS", [], "security.W020"),
        ],
    )
    def test_names_the_fault(
        self, installation: Settings, setting: str, value: Any, message: str
    ) -> None:
        setattr(installation, setting, value)

        assert message in found()

    @pytest.mark.parametrize("mode", [0o750, 0o705, 0o777])
    def test_names_keys_that_others_can_reach(
        self, installation: Settings, tmp_path: Path, mode: int
    ) -> None:
        installation.KEYS_DIR = tmp_path / "keys"
        installation.KEYS_DIR.mkdir()
        installation.KEYS_DIR.chmod(mode)

        assert found() == {"regie.E006"}

    @pytest.mark.parametrize("mode", [0o750, 0o705, 0o777])
    def test_names_data_that_others_can_reach(
        self, installation: Settings, tmp_path: Path, mode: int
    ) -> None:
        installation.DATA_DIR = tmp_path / "data"
        installation.DATA_DIR.mkdir()
        installation.DATA_DIR.chmod(mode)

        assert found() == {"regie.E008"}

    @pytest.mark.parametrize(
        ("folder_mode", "file_mode", "is_named"),
        [(0o755, 0o644, True), (0o755, 0o600, False), (0o700, 0o644, False)],
    )
    def test_names_a_database_elsewhere_that_others_can_reach(
        self,
        installation: Settings,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        folder_mode: int,
        file_mode: int,
        *,
        is_named: bool,
    ) -> None:
        database = tmp_path / "elsewhere" / "regie.sqlite3"
        database.parent.mkdir()
        database.touch()
        database.chmod(file_mode)
        database.parent.chmod(folder_mode)
        monkeypatch.setitem(connection.settings_dict, "NAME", str(database))

        assert ("regie.E008" in found()) == (is_named and connection.vendor == "sqlite")

    def test_asks_for_no_address_for_passkeys_that_nobody_needs(
        self, installation: Settings
    ) -> None:
        installation.STAFF_PASSKEY_REQUIRED, installation.PASSKEY_ORIGIN = False, ""

        assert found() == {"regie.E024"}

    def test_expects_no_proxy_where_there_is_no_https(self, installation: Settings) -> None:
        installation.IS_HTTPS, installation.TRUSTED_PROXY_COUNT = False, 0

        assert "regie.W004" not in found()

    def test_names_a_database_for_one_machine(self, installation: Settings) -> None:
        messages = run_checks(tags=["security"], include_deployment_checks=True)

        is_named = any(message.id == "regie.W001" for message in messages)
        assert is_named == (connection.vendor == "sqlite")

    def test_names_a_program_that_owns_the_tables(self, installation: Settings) -> None:
        def is_named() -> bool:
            said = run_checks(tags=["security"], include_deployment_checks=True)
            return "regie.W005" in {message.id for message in said}

        assert is_named() == (connection.vendor == "postgresql")
        call_command("grant_roles", stdout=StringIO())
        with role("regie_app"):
            assert not is_named()


class TestEveryCheck:
    def test_keeps_the_demo_on_this_machine(self, installation: Settings) -> None:
        installation.DEMO = True

        assert "regie.E001" in {message.id for message in run_checks(tags=["security"])}

    def test_lets_the_demo_run_on_this_machine(self, installation: Settings) -> None:
        installation.DEMO, installation.ALLOWED_HOSTS = True, ["localhost", "127.0.0.1", "[::1]"]

        assert run_checks(tags=["security"]) == []
