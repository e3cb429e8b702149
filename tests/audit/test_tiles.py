import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tiles import WIDTH, Part, parse, parts_of


class TestNames:
    @pytest.mark.parametrize(
        ("part", "name"),
        [
            (Part(number=0), "000"),
            (Part(number=7, width=3), "007.p/3"),
            (Part(number=999), "999"),
            (Part(number=1000, width=255), "x001/000.p/255"),
            (Part(number=1_234_067), "x001/x234/067"),
        ],
    )
    def test_are_those_of_the_standard(self, part: Part, name: str) -> None:
        assert part.name == name
        assert parse(name) == part

    @given(st.integers(0, 10**12), st.integers(1, WIDTH))
    def test_are_read_as_they_are_written(self, number: int, width: int) -> None:
        part = Part(number=number, width=width)

        assert parse(part.name) == part

    @pytest.mark.parametrize(
        "name",
        [
            "", "0", "00", "0000", "x000/000", "001/000", "x001", "x001/", "000.p/0", "000.p/256",
            "000.p/01", "000.p", "000/", "-01", "../000", "\u0660" * 3, "000.p/1\n", "000.P/1",
        ],
    )  # fmt: skip
    def test_in_another_spelling_are_none(self, name: str) -> None:
        assert parse(name) is None


class TestPartsOf:
    @pytest.mark.parametrize(
        ("count", "widths"), [(0, []), (1, [1]), (256, [256]), (600, [256, 256, 88])]
    )
    def test_are_full_but_for_the_last(self, count: int, widths: list[int]) -> None:
        parts = parts_of(count)

        assert [part.width for part in parts] == widths
        assert [part.number for part in parts] == list(range(len(widths)))
