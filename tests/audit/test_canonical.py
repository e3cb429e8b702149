import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import LARGEST_INT, CanonicalError, Json, canonical, parse

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INT, LARGEST_INT) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class TestCanonical:
    @given(json_values)
    def test_writes_what_another_implementation_writes(self, value: Json) -> None:
        assert canonical(value) == rfc8785.dumps(value)

    @given(json_values)
    def test_is_read_back_as_the_same_value(self, value: Json) -> None:
        assert parse(canonical(value)) == value

    def test_orders_keys_by_utf16_code_units(self) -> None:
        # RFC 8785 section 3.2.3: the emoji is written with surrogates, which come before U+FB33.
        assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()

    @pytest.mark.parametrize(
        "value",
        [1.5, 2**53, -(2**53), "\ud800", {"\udc00": 1}, {1: 2}, (1, 2), b"x", {"a": object()}],
    )
    def test_refuses_what_has_no_place_in_the_log(self, value: object) -> None:
        with pytest.raises(CanonicalError):
            canonical(value)  # type: ignore[arg-type]

    def test_refuses_a_value_that_is_nested_without_end(self) -> None:
        value: list[Json] = []
        value.append(value)

        with pytest.raises(CanonicalError):
            canonical(value)


class TestParse:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b" 1",
            b"1\n",
            b"01",
            b"-0",
            b"1.0",
            b"1e2",
            b"NaN",
            b"Infinity",
            b"9007199254740992",
            b'{"a":1,"a":1}',
            b'{"b":1,"a":2}',
            b'{"a": 1}',
            b'"\\u0041"',
            b'"\\ud800"',
            b'"\\/"',
            b'"\xff"',
            b"\xef\xbb\xbf1",
            b"[" * 100_000,
            b"9" * 10_000,
        ],
    )
    def test_refuses_every_other_spelling(self, content: bytes) -> None:
        with pytest.raises(CanonicalError):
            parse(content)
