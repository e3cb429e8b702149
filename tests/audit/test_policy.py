"""Whom to trust, read strictly: what is not understood is an error with its line, never a weaker policy."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import checkpoint, cosignature, policy
from audit.checkpoint import CheckpointError, Verifier
from audit.policy import Policy, PolicyError
from tests.audit.witnessing import AT, KEY, ORIGIN, VKEY, head


def key_of(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def witness(number: int) -> Verifier:
    return cosignature.verifier_of(key=key_of(number), name=f"w{number}.example")


WITNESSES = [witness(number) for number in range(6)]
V = [one.to_vkey() for one in WITNESSES]
LINES = "".join(f"witness W{number} {vkey}\n" for number, vkey in enumerate(V[:5]))
NESTED = f"{LINES}group X 2 W0 W1 W2\ngroup Y any W3 W4\ngroup Z all X Y\nquorum Z\n"


def read(text: str) -> Policy:
    return policy.parse(text.encode())


class TestParse:
    def test_reads_logs_witnesses_groups_and_the_quorum(self) -> None:
        found = read(
            f"# who\n\n \tlog {VKEY} https://log.example/\nwitness A {V[0]}\thttp://127.0.0.1:8100/a/ \n"
            f"witness B {V[1]}\ngroup G 1 A B\nquorum G"
        )

        assert [one.to_vkey() for one in found.logs] == [VKEY]
        assert [(one.name, one.url) for one in found.witnesses] == [
            ("A", "http://127.0.0.1:8100/a"),
            ("B", ""),
        ]
        assert found.verifiers == (WITNESSES[0], WITNESSES[1])
        assert (found.groups[0].least, found.groups[0].members) == (1, ("A", "B"))
        assert found.quorum == "G"

    def test_takes_a_name_for_bytes(self) -> None:
        found = policy.parse(b"witness \xff " + V[0].encode() + b"\nquorum \xff\n")

        text = found.to_text(logs=[])
        assert text.encode(errors="surrogateescape").startswith(b"witness \xff ")

    def test_says_it_again_for_whoever_checks_without_addresses(self) -> None:
        found = read(f"witness A {V[0]} http://127.0.0.1:8100\n{LINES[LINES.index('witness W1') :]}"
                     "group X all W1 W2\ngroup Y any A X\nquorum Y\n")  # fmt: skip

        text = found.to_text(logs=[checkpoint.parse_vkey(VKEY)])

        assert text.startswith(f"log {VKEY}\nwitness A {V[0]}\n")
        assert text.endswith("group X 2 W1 W2\ngroup Y 1 A X\nquorum Y\n")
        again = read(text)
        assert (again.groups, again.quorum) == (found.groups, found.quorum)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "There is no line with the quorum"),
            ("quorum none\nquorum none\n", "Line 2: there is a quorum already"),
            ("quorum W\n", "Line 1: W is not named above"),
            ("quorum none extra\n", "Line 1: use log, witness, group or quorum"),
            ("nonsense\n", "Line 1: use log, witness, group or quorum"),
            ("quorum\u00a0none\n", "Line 1: use log, witness, group or quorum"),
            ("quorum none\r\n", "Line 1: it holds a control character"),
            ("log x\n", "Line 1: A verification key reads"),
            (f"log {V[0]}\n", "Line 1: The verification key is not an Ed25519 key of a log"),
            (f"log {VKEY}\nlog {VKEY}\n", "Line 2: this key is named twice"),
            (f"log {VKEY} ftp://a\n", "Line 1: what follows the key must be one http(s) address"),
            (f"log {VKEY} http://a b\n", "Line 1: what follows the key must be one http(s) address"),
            (f"log {VKEY} http://a:x\n", "Line 1: what follows the key must be one http(s) address"),
            (f"log {VKEY} http://\n", "Line 1: what follows the key must be one http(s) address"),
            (f"witness A {VKEY}\n", "Line 1: The verification key is not an Ed25519 key of a witness"),
            (f"witness none {V[0]}\n", "Line 1: none is named already"),
            (f"witness A {V[0]}\nwitness B {V[0]}\n", "Line 2: this key is named twice"),
            (f"witness A {V[0]}\nwitness A {V[1]}\n", "Line 2: A is named already"),
            ("group G any\n", "Line 1: use any, all or a number"),
            ("group G any none\n", "Line 1: none is not named above"),
            (f"{LINES}group G any G\n", "Line 6: G is not named above"),
            (f"{LINES}group G 3 W0 W1\n", "Line 6: use any, all or a number"),
            (f"{LINES}group G 0 W0 W1\n", "Line 6: use any, all or a number"),
            (f"{LINES}group G 01 W0 W1\n", "Line 6: use any, all or a number"),
            (f"{LINES}group G most W0 W1\n", "Line 6: use any, all or a number"),
            (f"{LINES}group G any W0 W0\n", "Line 6: W0 is a member already"),
            (f"{LINES}group G any W0\ngroup H any W0\n", "Line 7: W0 is a member already"),
            (f"{LINES}group W0 any W1\n", "Line 6: W0 is named already"),
            (" " * 300_000, "too large"),
        ],
    )  # fmt: skip
    def test_says_which_line_is_wrong_and_why(self, text: str, said: str) -> None:
        with pytest.raises(PolicyError) as refused:
            read(text)
        assert str(refused.value).startswith(said) or said in str(refused.value)


class TestQuorum:
    @pytest.mark.parametrize(
        ("signed", "is_met"),
        [
            ((), False), ((0, 1), False), ((3,), False), ((0, 1, 3), True), ((1, 2, 4), True),
            ((0, 3, 4), False), ((0, 1, 2, 3, 4), True), ((0, 1, 5), False),
        ],
    )  # fmt: skip
    def test_counts_members_of_groups(self, signed: tuple[int, ...], is_met: bool) -> None:  # noqa: FBT001
        assert read(NESTED).is_met([WITNESSES[number] for number in signed]) is is_met

    def test_none_asks_for_nobody_and_one_asks_for_that_one(self) -> None:
        assert Policy().is_met([])
        assert read(f"{LINES}quorum none\n").is_met([])
        one = read(f"{LINES}quorum W3\n")
        assert one.is_met([WITNESSES[3]])
        assert not one.is_met([WITNESSES[2]])


class TestWitnessed:
    NOTE = checkpoint.sign(head=head(5), key=KEY)

    def line(self, number: int, *, size: int = 5) -> str:
        return cosignature.cosign(
            head=head(size), key=key_of(number), name=f"w{number}.example", at=AT
        )

    def test_names_who_signed_and_whether_they_are_enough(self) -> None:
        found = read(NESTED)

        few = found.witnessed(self.NOTE + self.line(0) + self.line(5))
        assert (few.names, few.is_met) == (("w0.example",), False)
        enough = found.witnessed(self.NOTE + self.line(0) + self.line(1) + self.line(4))
        assert enough.is_met
        assert {one.at for one in enough.by} == {AT}

    def test_counts_no_witness_twice(self) -> None:
        found = read(f"{LINES}group G 2 W0 W1\nquorum G\n")
        assert not found.witnessed(self.NOTE + self.line(0) + self.line(0)).is_met

    def test_refuses_what_a_witness_did_not_sign(self) -> None:
        with pytest.raises(CheckpointError, match=r"w0\.example is not right"):
            read(NESTED).witnessed(self.NOTE + self.line(0, size=6))
        assert ORIGIN in self.NOTE
