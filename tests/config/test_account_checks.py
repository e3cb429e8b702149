"""`check --deploy` finds the doors that stand open, and each of its messages says how to shut one."""

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.checks import Error
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connection
from pytest_django import Settings

from accounts.models import Passkey, Role, User
from config import account_checks, checks
from consent.demo.people import demo_accounts
from consent.demo.place import MARK
from tests import factories
from tests.config.test_checks import found, installation

__all__ = ["installation"]  # a sound one
pytestmark = pytest.mark.django_db


def broken(*_: Any, **__: Any) -> None:
    raise DatabaseError


class TestMessages:
    def test_have_a_name_of_their_own_and_say_what_to_do(self) -> None:
        messages = [message for _, message in checks.RULES + account_checks.RULES]

        assert len({message.id for message in messages}) == len(messages)
        for message in messages:
            assert message.hint, message.id
            assert isinstance(message, Error if ".E" in str(message.id) else CheckWarning)


class TestGuards:
    @pytest.mark.parametrize("guard", account_checks._REQUIRED)
    def test_that_were_taken_out_are_missed(self, installation: Settings, guard: str) -> None:
        installation.MIDDLEWARE = [name for name in installation.MIDDLEWARE if name != guard]

        assert "regie.E010" in found()

    @pytest.mark.parametrize("plugin", ["otp_static", "otp_totp", "otp_email"])
    def test_are_not_walked_around_with_another_second_factor(
        self, installation: Settings, monkeypatch: pytest.MonkeyPatch, plugin: str
    ) -> None:
        # Only named, past the fixture: that would install it.
        named = [*settings.INSTALLED_APPS, f"django_otp.plugins.{plugin}"]
        monkeypatch.setattr(settings, "INSTALLED_APPS", named)

        assert "regie.E011" in found()

    def test_have_no_door_for_a_superuser(self) -> None:
        assert not any(hasattr(User, name) for name in ("is_superuser", "is_staff"))
        assert not apps.is_installed("django.contrib.admin")


class TestDemo:
    @pytest.mark.parametrize("setting", ["DATA_DIR", "KEYS_DIR"])
    def test_leaves_folders_that_production_may_not_use(
        self, installation: Settings, tmp_path: Path, setting: str
    ) -> None:
        demo = tmp_path / "demo"
        (demo / "keys").mkdir(parents=True, mode=0o700)
        demo.chmod(0o700)
        (demo / MARK).touch()
        setattr(installation, setting, demo if setting == "DATA_DIR" else demo / "keys")

        assert found() == {"regie.E012"}

    @pytest.mark.parametrize("account", [demo_accounts()[0], demo_accounts()[-1]])
    def test_leaves_people_that_production_may_not_know(
        self, installation: Settings, account: Any
    ) -> None:
        user = factories.make_user(account.email.upper())  # whatever the role
        assert found() == {"regie.E013"}

        User.objects.filter(pk=user.pk).update(is_active=False)
        assert found() == set()

    def test_is_not_asked_for_where_nobody_is_known(
        self, installation: Settings, tmp_path: Path
    ) -> None:
        installation.KEYS_DIR = tmp_path / "keys"

        assert found() == set()
        assert not installation.KEYS_DIR.exists()

    def test_is_not_asked_for_in_a_database_without_tables(self, installation: Settings) -> None:
        with connection.execute_wrapper(broken):
            assert not account_checks._knows_people_of_the_demo()
            assert not account_checks._has_staff_without_a_passkey()


class TestStaff:
    @pytest.mark.parametrize("role", [Role.OFFICER, Role.ADMIN])
    def test_without_a_passkey_are_named(self, installation: Settings, role: Role) -> None:
        user = factories.make_user("carla@vechtwater.example", role=role)
        begun = Passkey(
            user=user, credential_id=b"x", public_key=b"x", transports=[], confirmed=False
        )
        Passkey.objects.bulk_create([begun])
        assert found() == {"regie.W011"}

        Passkey.objects.update(confirmed=True)
        assert found() == set()

    @pytest.mark.parametrize("role", [Role.CUSTOMER, Role.DESK])
    def test_who_need_none_are_not(self, installation: Settings, role: Role) -> None:
        factories.make_user("carla@vechtwater.example", role=role)

        assert found() == set()


class TestOtherMachines:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
    def test_are_not_the_one_of_the_mail_server_here(
        self, installation: Settings, host: str
    ) -> None:
        installation.EMAIL_HOST, installation.EMAIL_USE_TLS = host, False

        assert found() == set()

    @pytest.mark.parametrize(
        "broker",
        ["rediss://broker.vechtwater.nl/0", "amqps://broker.vechtwater.nl", "redis://[::1]/0"],
    )
    def test_may_be_a_broker_that_is_spoken_to_in_secret(
        self, installation: Settings, broker: str
    ) -> None:
        installation.CELERY_BROKER_URL = broker

        assert found() == set()

    @pytest.mark.parametrize(
        ("host", "mode", "is_named"),
        [
            ("db.vechtwater.nl", None, True),
            ("db.vechtwater.nl", "prefer", True),
            ("db.vechtwater.nl", "verify-full", False),
            ("127.0.0.1", None, False),
            ("/run/postgresql", None, False),
        ],
    )
    def test_hold_a_database_that_must_be_asked_in_secret(
        self,
        installation: Settings,
        monkeypatch: pytest.MonkeyPatch,
        host: str,
        mode: str | None,
        *,
        is_named: bool,
    ) -> None:
        monkeypatch.setitem(connection.settings_dict, "HOST", host)
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "sslmode", mode)

        is_on_server = connection.vendor == "postgresql"
        assert ("regie.W009" in found()) == (is_named and is_on_server)
