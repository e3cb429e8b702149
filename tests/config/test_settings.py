"""What the settings make of the environment, and that nobody else can read what is written."""

import os
import runpy
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

ROOT = Path(__file__).resolve().parents[2]
Read = Callable[..., dict[str, Any]]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Read:
    """Read the settings in another environment: this one with changes."""

    def reader(**changes: str) -> dict[str, Any]:
        monkeypatch.setenv("REGIE_DATA_DIR", str(tmp_path / "data"))
        for name, value in changes.items():
            monkeypatch.setenv(f"REGIE_{name}", value)
        return runpy.run_path(str(ROOT / "config" / "settings.py"))

    return reader


class TestProxies:
    def test_are_not_believed_unless_counted(self, read: Read) -> None:
        found = read()

        assert (found["TRUSTED_PROXY_COUNT"], found["SECURE_PROXY_SSL_HEADER"]) == (0, None)

    def test_say_whether_it_was_https_once_counted(self, read: Read) -> None:
        found = read(TRUSTED_PROXY_COUNT="2")

        assert found["TRUSTED_PROXY_COUNT"] == 2
        assert found["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")

    @pytest.mark.parametrize("proxies", ["0", "1"])
    def test_let_browsers_remember_https(
        self, read: Read, settings: Settings, proxies: str
    ) -> None:
        found = read(TRUSTED_PROXY_COUNT=proxies, PUBLIC_BASE_URL="https://regie.vechtwater.nl")
        settings.SECURE_HSTS_SECONDS = found["SECURE_HSTS_SECONDS"]
        settings.SECURE_PROXY_SSL_HEADER = found["SECURE_PROXY_SSL_HEADER"]

        answer = Client().get("/oauth/jwks.json", headers={"X-Forwarded-Proto": "https"})

        assert ("Strict-Transport-Security" in answer.headers) == (proxies == "1")


class TestExports:
    def test_are_kept_for_a_week_unless_told(self, read: Read) -> None:
        assert read()["EXPORTS_ARE_KEPT"] == timedelta(days=7)
        assert read(EXPORTS_KEPT_DAYS="30")["EXPORTS_ARE_KEPT"] == timedelta(days=30)

    def test_are_kept_no_longer_than_an_erasure_may_take(self, read: Read) -> None:
        with pytest.raises(ImproperlyConfigured, match="1 to 30"):
            read(EXPORTS_KEPT_DAYS="31")


class TestMail:
    def test_waits_ten_seconds_and_uses_no_password_unless_told(self, read: Read) -> None:
        found = read()

        assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("localhost", 25)
        assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (False, False)
        assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("", "")
        assert found["EMAIL_TIMEOUT"] == 10

    def test_goes_where_the_environment_says(self, read: Read, tmp_path: Path) -> None:
        (tmp_path / "password").write_text("geheim\n")

        found = read(
            EMAIL_HOST="mail.vechtwater.nl",
            EMAIL_PORT="587",
            EMAIL_TLS="starttls",
            EMAIL_USER="regie",
            EMAIL_PASSWORD_FILE=str(tmp_path / "password"),
            EMAIL_TIMEOUT="30",
        )

        assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.vechtwater.nl", 587)
        assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (True, False)
        assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("regie", "geheim")
        assert found["EMAIL_TIMEOUT"] == 30

    def test_may_be_encrypted_from_the_first_byte(self, read: Read) -> None:
        found = read(EMAIL_TLS="implicit")

        assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (False, True)


class TestWhatIsWritten:
    def test_is_for_this_account_alone(self, tmp_path: Path) -> None:
        """The database, its journals and mail: neither SQLite nor Django asks for a mode."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DJANGO_SETTINGS_MODULE", "REGIE_DATABASE_URL"}
        }
        data = tmp_path / "data"
        write = (
            "import django; django.setup();"
            "from django.core.mail import send_mail; from django.db import connection;"
            "connection.cursor().execute('CREATE TABLE x (y)');"
            "send_mail('s', 't', None, ['anna@voorbeeld.example'])"
        )

        for start in ("config.settings", "config.wsgi", "config.celery"):
            subprocess.run(
                [sys.executable, "-c", f"import {start}, os; {write}"],
                env=environment
                | {
                    "REGIE_DATA_DIR": str(data / start),
                    "DJANGO_SETTINGS_MODULE": "config.settings",
                },
                umask=0o022,
                check=True,
            )

        written = [path for path in data.rglob("*") if path.is_file()]
        assert {"regie.sqlite3", "django.key"} < {path.name for path in written}
        assert {path.suffix for path in written} >= {".log"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
