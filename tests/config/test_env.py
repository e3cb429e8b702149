"""A setting that is wrong stops the start, with its name and what to write instead."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

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

    def test_a_file_that_cannot_be_read_is_named(
        self, given: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        given.setenv("REGIE_X_FILE", str(tmp_path / "gone"))

        with pytest.raises(ImproperlyConfigured, match=r"REGIE_X_FILE points to .*gone"):
            env.secret("REGIE_X")
