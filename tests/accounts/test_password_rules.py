"""Which passwords are refused: those that are short, those that are tried first, those that leaked."""

import hashlib
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts import breach_list
from accounts.errors import WeakPasswordError
from accounts.password_rules import LONGEST, Weakness, weakness
from accounts.passwords import check_new_password
from accounts.wording import weak_password

GOOD = [
    "lantaarn fiets regen bakfiets",
    "correct horse battery staple",
    "Kx7#vRq29bLmT",
    "ik drink elke ochtend thee",
    "  spaties blijven staan  ",
    "日本語のパスワードはとても長い",
]
GUESSABLE = [
    "Welkom2026!!!",
    "Wachtwoord123",
    "Zomer2026Zomer2026",
    "Vechtwater12345!!",
    "qwertyuiop12",
    "passwordpassword",
    "P@ssw0rd2026!",
    "utrecht0302026",
    "AjaxAmsterdam1",
    "Feyenoord1908!",
    "123456789012",
    "aaaaaaaaaaaa",
    "iloveyou12345",
    "!!!!!!!!!!!!",
    "Jansen-Vechtwater-1",
    "anna.jansen2026",
    "VW-1000017-2026",
]
OWN = ["anna.jansen@voorbeeld.example", "VW-1000017"]


def fault_of(password: str, *, is_staff: bool = False) -> Weakness | None:
    try:
        check_new_password(password, is_staff=is_staff, words=OWN)
    except WeakPasswordError as error:
        return error.weakness
    return None


class TestRules:
    @pytest.mark.parametrize("password", GOOD)
    def test_take_what_is_hard_to_guess_in_any_script(self, password: str) -> None:
        assert fault_of(password) is None

    @pytest.mark.parametrize("password", GUESSABLE)
    def test_refuse_what_is_tried_first(self, password: str) -> None:
        assert fault_of(password) is Weakness.GUESSABLE

    def test_ask_more_of_staff(self) -> None:
        assert fault_of("Kx7#vRq29bLm") is None
        assert fault_of("Kx7#vRq29bLmTz", is_staff=True) is Weakness.TOO_SHORT
        assert fault_of("Kx7#vRq29bLmTzQ", is_staff=True) is None

    def test_have_an_end(self) -> None:
        assert fault_of("Kx7#vRq2" * (LONGEST // 8) + "x") is Weakness.TOO_LONG
        assert fault_of("lantaarn" * 16) is Weakness.GUESSABLE

    def test_need_no_words(self) -> None:
        assert weakness("lantaarn fiets", shortest=12, common=()) is None

    @pytest.mark.parametrize(
        ("found", "words"),
        [
            (Weakness.TOO_SHORT, "minstens 12 tekens"),
            (Weakness.TOO_LONG, "hoogstens 128"),
            (Weakness.GUESSABLE, "makkelijk te raden"),
            (Weakness.LEAKED, "gelekt"),
        ],
    )
    def test_say_what_to_do(self, found: Weakness, words: str) -> None:
        assert words in weak_password(WeakPasswordError(found), is_staff=False)


def line_of(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper() + ":7\n"


class TestBreachList:
    @pytest.fixture
    def place(self, settings: Settings, tmp_path: Path) -> Path:
        settings.BREACH_LIST = tmp_path / "leaked"
        return tmp_path

    @pytest.fixture
    def make(self, place: Path) -> Callable[[list[str]], str]:
        def made(of: list[str]) -> str:
            (place / "file.txt").write_text("".join(of), encoding="ascii")
            out = StringIO()
            call_command("make_breach_list", str(place / "file.txt"), stdout=out)
            return out.getvalue()

        return made

    def test_is_looked_in_by_the_rules(self, make: Callable[[list[str]], str]) -> None:
        leaked = [f"gelekt wachtwoord nummer {number}" for number in range(50)]
        said = make(sorted([line_of(password) for password in leaked] + [line_of(leaked[0])]))

        assert said.startswith("50 passwords are in ")
        assert {fault_of(password) for password in leaked} == {Weakness.LEAKED}
        assert fault_of("niet gelekt wachtwoord nummer 1") is None

    def test_holds_sixteen_digits_of_each(
        self, make: Callable[[list[str]], str], place: Path
    ) -> None:
        make([line_of("x")])

        assert (place / "leaked").read_bytes().hex() == line_of("x")[:16].lower()
        assert (place / "leaked").stat().st_mode & 0o777 == 0o600

    def test_may_be_empty_or_not_there(self, make: Callable[[list[str]], str], place: Path) -> None:
        assert not breach_list.contains(place / "leaked", "x")
        make([])
        assert not breach_list.contains(place / "leaked", "x")

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            (["F" * 40 + "\n", "0" * 40 + "\n"], "Line 2 is not in order"),
            (["password\n"], "Line 1 does not begin with a SHA-1"),
            (["00\n"], "Line 1 does not begin with a SHA-1"),
        ],
    )
    def test_is_made_of_sorted_hashes_only(
        self, make: Callable[[list[str]], str], place: Path, lines: list[str], said: str
    ) -> None:
        with pytest.raises(CommandError, match=said):
            make(lines)
        assert not (place / "leaked").exists()

    def test_needs_a_file(self, place: Path) -> None:
        with pytest.raises(CommandError, match="No list was made"):
            call_command("make_breach_list", str(place / "none"))
