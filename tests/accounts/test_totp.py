import pytest

from accounts import totp

# RFC 6238 appendix B, the SHA-1 rows; six of the eight digits.
SECRET = b"12345678901234567890"
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


class TestCodes:
    @pytest.mark.parametrize(("seconds", "code"), VECTORS)
    def test_are_those_of_the_standard(self, seconds: int, code: str) -> None:
        assert totp.code_at(SECRET, totp.step_at(seconds)) == code


class TestMatching:
    @pytest.mark.parametrize("distance", [-1, 0, 1])
    def test_accepts_one_step_on_either_side(self, distance: int) -> None:
        code = totp.code_at(SECRET, 1000 + distance)

        assert totp.matching_step(secret=SECRET, code=code, step=1000, after=-1) == 1000 + distance

    @pytest.mark.parametrize("distance", [-2, 2])
    def test_refuses_two_steps_away(self, distance: int) -> None:
        code = totp.code_at(SECRET, 1000 + distance)

        assert totp.matching_step(secret=SECRET, code=code, step=1000, after=-1) is None

    @pytest.mark.parametrize("after", [1000, 1001, 5000])
    def test_refuses_a_step_that_has_passed(self, after: int) -> None:
        code = totp.code_at(SECRET, 1000)

        assert totp.matching_step(secret=SECRET, code=code, step=1000, after=after) is None

    def test_works_in_the_first_minute_of_1970(self) -> None:
        code = totp.code_at(SECRET, 0)

        assert totp.matching_step(secret=SECRET, code=code, step=0, after=-1) == 0


class TestSpelling:
    @pytest.mark.parametrize("typed", ["287082", " 287082 ", "287 082", "2 8 7 0 8 2"])
    def test_of_six_digits_may_have_spaces(self, typed: str) -> None:
        assert totp.canonical_code(typed) == "287082"

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "28708",
            "2870820",
            "+287082",
            "-28708",
            "28708.",
            "2e7082",
            "28_082",
            "0x2870",
            "\u0662\u0668\u0667\u0660\u0668\u0662",  # Arabic-Indic digits
            "\uff12\uff18\uff17\uff10\uff18\uff12",  # full width
            "28708\u00b2",  # superscript two
            "287\u00a0082",  # no-break space
        ],
    )
    def test_of_anything_else_is_no_code(self, typed: str) -> None:
        assert totp.canonical_code(typed) is None


class TestSecret:
    def test_has_160_bits_and_differs_each_time(self) -> None:
        assert len(totp.new_secret()) == 20
        assert totp.new_secret() != totp.new_secret()

    def test_reads_in_groups_of_four(self) -> None:
        assert totp.in_groups(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"

    def test_is_told_to_the_app_as_the_apps_expect(self) -> None:
        address = totp.address(secret=SECRET, issuer="Water & Co", account="anna@voorbeeld.example")

        assert address == (
            "otpauth://totp/Water%20%26%20Co%3Aanna%40voorbeeld.example"
            "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Water%20%26%20Co"
            "&algorithm=SHA1&digits=6&period=30"
        )
