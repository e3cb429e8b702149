"""A setting that is wrong stops the start, with its name and what to write instead."""

import os
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from audit import checkpoint, policy
from config import env


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("REGIE_X", "REGIE_X_FILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


class TestFlag:
    @pytest.mark.parametrize(("value", "means"), [("yes", True), ("no", False)])
    def test_is_yes_or_no(self, given: pytest.MonkeyPatch, value: str, *, means: bool) -> None:
        given.setenv("REGIE_X", value)

        assert env.flag("REGIE_X", default=not means) is means

    @pytest.mark.parametrize("value", ["", "true", "1", "YES", " yes"])
    def test_is_nothing_else(self, given: pytest.MonkeyPatch, value: str) -> None:
        given.setenv("REGIE_X", value)

        with pytest.raises(ImproperlyConfigured, match=r"REGIE_X is .*use 'yes' or 'no'"):
            env.flag("REGIE_X", default=True)

    def test_has_a_default(self, given: pytest.MonkeyPatch) -> None:
        assert env.flag("REGIE_X", default=True)


class TestWords:
    def test_are_separated_by_commas(self, given: pytest.MonkeyPatch) -> None:
        given.setenv("REGIE_X", " een.nl, ,twee.nl,")

        assert env.words("REGIE_X", default="") == ["een.nl", "twee.nl"]


class TestNumber:
    @pytest.mark.parametrize(("value", "means"), [("0", 0), ("7", 7), ("007", 7), ("600", 600)])
    def test_is_whole(self, given: pytest.MonkeyPatch, value: str, means: int) -> None:
        given.setenv("REGIE_X", value)

        assert env.number("REGIE_X", default=1) == means

    @pytest.mark.parametrize("value", ["", "-1", "+1", "1.0", " 1", "een", "\u0661", "9" * 5000])
    def test_is_nothing_else(self, given: pytest.MonkeyPatch, value: str) -> None:
        given.setenv("REGIE_X", value)

        with pytest.raises(ImproperlyConfigured, match=r"REGIE_X is .*a whole number, 0 or more"):
            env.number("REGIE_X", default=1)

    @pytest.mark.parametrize("value", ["0", "65536"])
    def test_stays_within_its_limits(self, given: pytest.MonkeyPatch, value: str) -> None:
        given.setenv("REGIE_X", value)

        with pytest.raises(ImproperlyConfigured, match="a whole number, 1 to 65535"):
            env.number("REGIE_X", default=25, least=1, most=65535)

    def test_has_a_default(self, given: pytest.MonkeyPatch) -> None:
        assert env.number("REGIE_X", default=3) == 3


class TestChoice:
    def test_is_one_of_the_options(self, given: pytest.MonkeyPatch) -> None:
        given.setenv("REGIE_X", "INFO")

        assert env.choice("REGIE_X", default="ERROR", options=("INFO", "ERROR")) == "INFO"

    @pytest.mark.parametrize("value", ["", "info", "LOUD"])
    def test_is_nothing_else(self, given: pytest.MonkeyPatch, value: str) -> None:
        given.setenv("REGIE_X", value)

        with pytest.raises(ImproperlyConfigured, match=r"REGIE_X is .*use one of: INFO, ERROR"):
            env.choice("REGIE_X", default="ERROR", options=("INFO", "ERROR"))


class TestWebAddress:
    @pytest.mark.parametrize(
        "value", ["http://127.0.0.1:8000", "https://regie.vechtwater.nl", "http://[::1]:80"]
    )
    def test_is_a_scheme_and_a_host(self, given: pytest.MonkeyPatch, value: str) -> None:
        given.setenv("REGIE_X", f"{value}/")

        assert env.web_address("REGIE_X", default="") == value

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "regie.vechtwater.nl",
            "ftp://regie.vechtwater.nl",
            "https://",
            "https:///pad",
            "https://regie.vechtwater.nl/pad",
            "https://regie.vechtwater.nl?x=1",
            "https://regie.vechtwater.nl#x",
            "https://naam@regie.vechtwater.nl",
            "https://regie vechtwater.nl",
            "https://Regie.vechtwater.nl",
            "https://regie.vechtwater.nl:http",
            "https://regie.vechtwater.nl\n",
        ],
    )
    def test_is_nothing_else(self, given: pytest.MonkeyPatch, value: str) -> None:
        given.setenv("REGIE_X", value)

        with pytest.raises(ImproperlyConfigured, match=r"REGIE_X is .*such as https://"):
            env.web_address("REGIE_X", default="")


class TestLogName:
    @pytest.mark.parametrize("value", ["regie.example/log", "x", "\u00e9\u00e9n.example"])
    def test_is_what_a_checkpoint_can_carry(self, given: pytest.MonkeyPatch, value: str) -> None:
        given.setenv("REGIE_X", value)

        assert env.log_name("REGIE_X", default="") == value

    @pytest.mark.parametrize("value", ["", "a b", "a+b", "a\nb", "x" * 201, "\udcff"])
    def test_is_nothing_else(self, given: pytest.MonkeyPatch, value: str) -> None:
        given.setenv("REGIE_X", value)

        with pytest.raises(ImproperlyConfigured, match=r"REGIE_X is .*without spaces or plus"):
            env.log_name("REGIE_X", default="")


class TestLogPolicy:
    WITNESS = "w.example/1+1f43ce8d+BL1gL8HlOF0H6JIcp9RQlDtws5FUfPrZa3qiyQ7Qb5u/"

    def read(self, given: pytest.MonkeyPatch, path: Path | str) -> policy.Policy:
        given.setenv("REGIE_X", str(path))
        return env.log_policy("REGIE_X", origin="regie.example/log")

    def test_asks_nobody_by_default(self, given: pytest.MonkeyPatch) -> None:
        assert env.log_policy("REGIE_X", origin="a") == policy.Policy()
        assert self.read(given, "") == policy.Policy()

    def test_is_read_from_a_file(self, given: pytest.MonkeyPatch, tmp_path: Path) -> None:
        path = tmp_path / "policy"
        path.write_text(f"witness W {self.WITNESS} http://127.0.0.1:8100\nquorum W\n")
        assert self.read(given, path).quorum == "W"

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (None, r"cannot be read \(No such file or directory\)"),
            (
                "quorum W",
                r"which is no policy \(c2sp\.org/tlog-policy\)\. Line 1: W is not named above",
            ),
            (
                f"log {checkpoint.Verifier(name='other', key=bytes(32)).to_vkey()}\nquorum none\n",
                "is about other logs than regie",
            ),
        ],
    )
    def test_of_the_wrong_form_stops_the_start(
        self, given: pytest.MonkeyPatch, tmp_path: Path, content: str | None, said: str
    ) -> None:
        path = tmp_path / "policy"
        if content is not None:
            path.write_text(content)
        with pytest.raises(ImproperlyConfigured, match=said):
            self.read(given, path)


class TestDatabase:
    @pytest.mark.parametrize(
        ("value", "engine", "name"),
        [
            ("sqlite:////srv/regie.sqlite3", "sqlite3", "/srv/regie.sqlite3"),
            ("postgres://regie@db:5432/regie", "postgresql", "regie"),
            ("postgresql://regie@db/regie", "postgresql", "regie"),
        ],
    )
    def test_is_one_of_two(
        self, given: pytest.MonkeyPatch, value: str, engine: str, name: str
    ) -> None:
        given.setenv("REGIE_X", value)

        found = env.database("REGIE_X", default="")

        assert found["ENGINE"] == f"django.db.backends.{engine}"
        assert found["NAME"] == name

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "regie",
            "mysql://regie:geheim@db/regie",
            "postgresql://regie:geheim@db:poort/regie",
            "postgresql://regie:geheim@db",
        ],
    )
    def test_is_nothing_else_and_its_password_is_not_repeated(
        self, given: pytest.MonkeyPatch, value: str
    ) -> None:
        given.setenv("REGIE_X", value)

        with pytest.raises(ImproperlyConfigured, match="REGIE_X is not the address") as caught:
            env.database("REGIE_X", default="")

        assert "geheim" not in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None


class TestOwnFolder:
    def test_is_made_for_this_account_alone(
        self, given: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        given.setenv("REGIE_X", str(tmp_path / "deep" / "data"))
        before = os.umask(0)
        try:
            made = env.own_folder("REGIE_X", default=Path())
        finally:
            os.umask(before)

        assert stat.S_IMODE(made.stat().st_mode) == 0o700

    def test_that_is_there_stays_as_it_is(self, given: pytest.MonkeyPatch, tmp_path: Path) -> None:
        tmp_path.chmod(0o750)
        given.setenv("REGIE_X", str(tmp_path))

        assert stat.S_IMODE(env.own_folder("REGIE_X", default=Path()).stat().st_mode) == 0o750

    def test_that_cannot_be_made_is_named(self, given: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        given.setenv("REGIE_X", str(tmp_path / "file" / "data"))

        with pytest.raises(ImproperlyConfigured, match=r"REGIE_X is .*which cannot be made"):
            env.own_folder("REGIE_X", default=Path())


class TestFolder:
    def test_is_an_absolute_path(self, given: pytest.MonkeyPatch) -> None:
        given.setenv("REGIE_X", "~/regie/../regie")

        assert env.folder("REGIE_X", default=Path()) == Path.home().resolve() / "regie"


class TestSecret:
    def test_comes_from_the_file_that_is_named(
        self, given: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "secret").write_text("from the file\n")
        given.setenv("REGIE_X_FILE", str(tmp_path / "secret"))
        given.setenv("REGIE_X", "from the environment")

        assert env.secret("REGIE_X") == "from the file"

    def test_else_from_the_environment(self, given: pytest.MonkeyPatch) -> None:
        given.setenv("REGIE_X", "from the environment")

        assert env.secret("REGIE_X") == "from the environment"

    def test_is_empty_when_not_given(self, given: pytest.MonkeyPatch) -> None:
        assert not env.secret("REGIE_X")

    @pytest.mark.parametrize("content", [None, b"\xff\xfe"])
    def test_a_file_that_cannot_be_read_is_named(
        self, given: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
    ) -> None:
        if content is not None:
            (tmp_path / "gone").write_bytes(content)
        given.setenv("REGIE_X_FILE", str(tmp_path / "gone"))

        with pytest.raises(ImproperlyConfigured, match=r"REGIE_X_FILE points to .*gone"):
            env.secret("REGIE_X")
