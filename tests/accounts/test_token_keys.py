"""Another key signs access tokens: nobody notices, until the old one is destroyed."""

import errno
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings
from rest_framework.exceptions import AuthenticationFailed

from accounts import token_keys, tokens
from audit import queries as log
from audit.events import EventKind
from audit.keyfiles import KeyFileError
from audit.models import LogEntry
from tests.accounts.test_authentication import caller_with, good_token, made
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("clock", "service")


@pytest.fixture(autouse=True)
def keys(settings: Settings, tmp_path: Path) -> Path:
    settings.KEYS_DIR = tmp_path
    return tmp_path


def published(client: Client) -> list[str]:
    return [key["kid"] for key in client.get("/oauth/jwks.json").json()["keys"]]


def rotate(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    call_command("rotate_token_key", *options)
    return capsys.readouterr().out


class TestRotation:
    def test_publishes_both_keys_and_signs_with_the_new_one(
        self, client: Client, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (old,) = published(client)

        said = rotate(capsys)

        new, before = published(client)
        assert before == old != new
        assert new in said
        assert jwt.get_unverified_header(good_token())["kid"] == new

    def test_lets_older_tokens_count_until_it_is_finished(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        token = good_token()
        rotate(capsys)
        caller_with(token)

        rotate(capsys, "--finish")

        caller_with(good_token())
        with pytest.raises(AuthenticationFailed):
            caller_with(token)

    def test_leaves_one_file(self, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
        rotate(capsys)
        rotate(capsys, "--finish")

        assert [path.name for path in keys.glob("*token*")] == ["token.key"]
        assert oct((keys / "token.key").stat().st_mode)[-3:] == "600"

    def test_is_a_line_in_the_log_that_names_the_old_key(
        self, client: Client, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (old,) = published(client)

        rotate(capsys)
        rotate(capsys, "--finish")

        kinds = [EventKind.SIGNING_KEY_ROTATED, EventKind.SIGNING_KEY_RETIRED]
        for kind in kinds:
            (line,) = log.entries(filter=log.EntryFilter(kind=kind), before=None, limit=9)
            assert line.internal == {"oldKey": old}

    def test_cannot_be_begun_twice(self, capsys: pytest.CaptureFixture[str]) -> None:
        rotate(capsys)

        with pytest.raises(CommandError, match="--finish"):
            rotate(capsys)
        assert LogEntry.objects.count() == 1

    def test_cannot_be_finished_before_it_is_begun(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(CommandError, match="First"):
            rotate(capsys, "--finish")
        assert not LogEntry.objects.exists()

    def test_that_was_cut_short_is_no_rotation_and_goes_on(
        self, client: Client, keys: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (old,) = published(client)
        (keys / "token-previous.key").hardlink_to(keys / "token.key")

        assert published(client) == [old]
        with pytest.raises(CommandError, match="First"):
            rotate(capsys, "--finish")
        rotate(capsys)
        assert published(client)[1] == old

    def test_says_so_when_the_folder_cannot_be_written(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (real, good_before) = (os.link, good_token())

        def link(source: Path, target: Path) -> None:
            if target.name == "token-previous.key":
                raise OSError(errno.EROFS, "Read-only file system")
            real(source, target)

        monkeypatch.setattr(os, "link", link)

        with pytest.raises(CommandError, match="cannot be written"):
            rotate(capsys)
        assert not LogEntry.objects.exists()
        caller_with(good_before)


class TestRotationElsewhere:
    """Another machine takes the steps, so that this process still remembers the keys from before."""

    def rotate(self, capsys: pytest.CaptureFixture[str], *options: str) -> None:
        before = dict(token_keys._known)
        rotate(capsys, *options)
        token_keys._known.update(before)

    def test_counts_at_once_for_a_token_of_the_new_key(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        caller_with(good_token())

        self.rotate(capsys)

        caller_with(good_token())

    def test_ends_the_old_key_after_a_second(
        self, clock: time_machine.Traveller, capsys: pytest.CaptureFixture[str]
    ) -> None:
        token = good_token()
        rotate(capsys)
        caller_with(token)

        self.rotate(capsys, "--finish")
        clock.shift(timedelta(seconds=1))

        with pytest.raises(AuthenticationFailed):
            caller_with(token)


class TestForgery:
    def test_a_token_of_a_destroyed_key_opens_nothing(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stolen: Any = token_keys.signing_key()
        rotate(capsys)
        rotate(capsys, "--finish")

        with pytest.raises(tokens.TokenError):
            tokens.read(made(key=stolen.private, header={"kid": stolen.kid}), at=NOW)

    def test_a_name_of_one_key_under_a_signature_of_the_other_opens_nothing(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        old = token_keys.signing_key()
        rotate(capsys)

        with pytest.raises(tokens.TokenError):
            tokens.read(made(header={"kid": old.kid}), at=NOW)


class TestFile:
    def test_that_is_damaged_is_named(self, keys: Path) -> None:
        (keys / "token.key").write_text("no key")

        with pytest.raises(KeyFileError, match=r"token\.key is damaged"):
            token_keys.signing_key()
