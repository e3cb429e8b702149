"""The parts of the offline verifier against the programs of others, and against our own rules."""

import ast
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from audit import canonical, checkpoint, leaf, manifest, merkle, part_files, policy, tiles, verify
from audit.canonical import Json
from audit.signers import LogKeys

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
# RFC 8032 section 7.1: public key, message, signature.
VECTORS = """
d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
-
e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c
72
92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025
af82
6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
""".replace("-", "").splitlines()[1:]


def refused(check: object, *arguments: object, **named: object) -> str:
    """Return what the verifier says when it refuses."""
    with pytest.raises(verify.NotGenuine) as told:
        check(*arguments, **named)  # type: ignore[operator]
    return str(told.value)


class TestProgram:
    def test_needs_nothing_but_python_3_8(self) -> None:
        tree = ast.parse(Path(verify.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {
            name
            for node in imports
            for name in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
            )
        }

        assert names <= sys.stdlib_module_names
        assert imports


class TestEd25519:
    @pytest.mark.parametrize("first", range(0, 9, 3))
    def test_accepts_what_the_standard_gives(self, first: int) -> None:
        key, text, signed = map(bytes.fromhex, VECTORS[first : first + 3])

        assert verify.is_signed(key, text, signed)
        assert not verify.is_signed(key, text + b"\x00", signed)

    @given(st.binary(max_size=99), st.binary(min_size=32, max_size=32))
    def test_accepts_what_another_program_signs(self, message: bytes, seed: bytes) -> None:
        key = Ed25519PrivateKey.from_private_bytes(seed)

        public = key.public_key().public_bytes_raw()
        assert verify.is_signed(public, message, key.sign(message))

    @given(st.integers(0, 511), st.integers(0, 255))
    def test_refuses_every_flipped_bit_as_another_program_does(self, bit: int, other: int) -> None:
        signature, public = bytearray(KEY.sign(b"m")), bytearray(PUBLIC)
        signature[bit // 8] ^= 1 << bit % 8
        public[other // 8] ^= 1 << other % 8

        assert not verify.is_signed(PUBLIC, b"m", bytes(signature))
        assert not verify.is_signed(bytes(public), b"m", KEY.sign(b"m"))
        with pytest.raises(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(PUBLIC).verify(bytes(signature), b"m")

    def test_refuses_the_second_way_to_write_a_signature(self) -> None:
        signature = KEY.sign(b"m")
        number = int.from_bytes(signature[32:], "little") + verify.L

        malleable = signature[:32] + number.to_bytes(32, "little")
        assert not verify.is_signed(PUBLIC, b"m", malleable)

    @pytest.mark.parametrize(
        "encoded",
        [
            verify.P.to_bytes(32, "little"),  # 0, written as p
            (verify.P + 1).to_bytes(32, "little"),  # 1, written as p + 1
            (2**255 - 1).to_bytes(32, "little"),
            (1 | 1 << 255).to_bytes(32, "little"),  # x is 0, and yet negative
            (2).to_bytes(32, "little"),  # not on the curve
        ],
    )
    def test_refuses_a_point_that_is_none_or_is_written_otherwise(self, encoded: bytes) -> None:
        assert verify.point_of(encoded) is None
        assert not verify.is_signed(encoded, b"m", KEY.sign(b"m"))
        assert not verify.is_signed(PUBLIC, b"m", encoded + KEY.sign(b"m")[32:])

    @pytest.mark.parametrize("length", [0, 31, 33])
    def test_refuses_other_lengths(self, length: int) -> None:
        assert not verify.is_signed((PUBLIC + b"\x00")[:length], b"m", KEY.sign(b"m"))
        assert not verify.is_signed(PUBLIC, b"m", (KEY.sign(b"m") + b"\x00")[: length + 32])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=9,
)


class TestJson:
    @given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
    def test_is_written_as_the_log_writes_it(self, value: dict[str, Json]) -> None:
        content = canonical.canonical(value)

        assert verify.canonical(value) == content
        assert verify.parse(content, "x") == value

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b'{"a":1,"a":1}', "x: this is not JSON as the log writes it: a name occurs twice"),
            (b'{"a":1.5}', "1.5 is not a whole number"),
            (b'{"a":9007199254740992}', "9007199254740992 is not a whole number"),
            (b'{"a":NaN}', "NaN is not a whole number"),
            (b'{"a":' + b"9" * 9999 + b"}", "99999999999999999999 is not a whole number"),
            (b'{"a":"\\ud800"}', "x: this is not JSON"),
            (b'{"a":' * 99_999, "x: this is not JSON"),
            (b'{"b":1,"a":1}', "x, byte 2: the JSON is not in its canonical form."),
            (b'{"a": 1}', "x, byte 5: the JSON is not in its canonical form."),
            (b'{"a":1} ', "x, byte 7: the JSON is not in its canonical form."),
            ('{"é":1'.encode(), "x, byte 7: this is not JSON."),
            (b'{"\xff":1}', "x, byte 2: this is not text."),
            (b"[]", "x: this is not a JSON object."),
        ],
    )
    def test_in_another_form_is_refused(self, content: bytes, said: str) -> None:
        assert said in refused(verify.parse, content, "x")


class TestTree:
    @given(st.integers(0, 700))
    def test_has_the_root_of_our_own_tree(self, size: int) -> None:
        hashes = [merkle.leaf_hash(bytes([number % 251])) for number in range(size)]
        expected = merkle.Frontier().extended(hashes).root()

        frontier = verify.Frontier()
        for first in range(0, size - 255, 256):
            frontier.add(verify.folded(b"".join(hashes[first : first + 256])), height=8)
        assert frontier.extended(hashes[frontier.size :]).root() == expected

    @given(st.integers(0, 10**12), st.integers(1, 256))
    def test_has_tiles_with_the_names_of_the_standard(self, number: int, width: int) -> None:
        assert verify.part_name(number, width) == tiles.Part(number=number, width=width).name

    @given(st.integers(1, 70_000))
    def test_has_exactly_these_tiles(self, size: int) -> None:
        names = list(verify.tile_names(size))

        assert len(names) == len(set(names))
        assert all(verify.is_tile(name, size) for name in names)
        assert not any(verify.is_tile(f"{name}.p/1", size) for name in names)
        assert not verify.is_tile(f"tile/0/{tiles.Part(number=-(-size // 256)).name}", size)

    @pytest.mark.parametrize(
        "name",
        [
            "tile/0/00",
            "tile/00/000",
            "tile/x/000",
            "tile/0/001",
            "tile/0/000.p/256",
            "tile/0/../0/000",
        ],
    )
    def test_has_no_other_tiles(self, name: str) -> None:
        assert not verify.is_tile(name, 256)


A_LEAF = leaf.Leaf(
    uid=UUID("00000000-0000-4000-8000-00000000000c"),
    kind="consent.record.given",
    actor="data-subject",
    at=datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
    subject_tag=bytes(range(16)),
    shown=bytes(range(32)),
    internal=bytes(range(1, 33)),
)


class TestLeaf:
    @given(st.data())
    def test_is_read_by_the_rules_of_the_log(self, data: st.DataObject) -> None:
        """Whatever byte is changed: the expression and the parser of the log agree about it."""
        content = bytearray(A_LEAF.to_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.sampled_from(b'"\\,:{}[]0123456789-+/=ABCDwxyz T\x00\xff'))

        try:
            leaf.parse_leaf(bytes(content))
        except leaf.LeafError:
            refused(verify.read_leaf, bytes(content), "x")
        else:
            assert verify.read_leaf(bytes(content), "x").group() == content

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("2024-02-29", "2023-02-29"), ("2024-02-29", "0000-01-01"), ("2024-02-29", "2024-13-01"),
            ("T23:", "T24:"), ('"v":1', '"v":2'), ('{"ak"', ' {"ak"'), ('"v":1}', '"v":1}\n'),
        ],
    )  # fmt: skip
    def test_in_another_form_is_refused(self, old: str, new: str) -> None:
        content = A_LEAF.to_bytes().decode().replace(old, new).encode()

        assert refused(verify.read_leaf, content, "x") == (
            "x: this is not a leaf in canonical form."
        )
        with pytest.raises(leaf.LeafError):
            leaf.parse_leaf(content)

    @pytest.mark.parametrize(("tag", "shown"), [(b"", bytes(32)), (bytes(16), b"")])
    def test_has_a_tag_and_a_part_or_neither(self, tag: bytes, shown: bytes) -> None:
        members = {**A_LEAF.to_json(), "st": leaf.in_base64(tag), "cs": leaf.in_base64(shown)}

        refused(verify.read_leaf, canonical.canonical(members), "x")


VKEY = checkpoint.verifier_of(key=KEY, origin="log.example/1").to_vkey()
HEAD = checkpoint.Head(origin="log.example/1", size=300, root=bytes(range(32)))
NOTE = checkpoint.sign(head=HEAD, key=KEY)
WITNESSES = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in range(3)]


def witness_key(number: int) -> verify.Key:
    public = WITNESSES[number].public_key().public_bytes_raw()
    return verify.Key(f"witness.example/{number}", verify.WITNESS_KEY, public)


def vkey_of(key: verify.Key) -> str:
    return f"{key.name}+{key.id.hex()}+{leaf.in_base64(bytes([key.kind]) + key.key)}"


def cosignature(number: int, *, time: int = 1_790_000_000, message: str = HEAD.to_text()) -> str:
    """Return what a witness adds below a signed head (C2SP tlog-cosignature)."""
    key = witness_key(number)
    signed = WITNESSES[number].sign(f"cosignature/v1\ntime {time}\n{message}".encode())
    return f"\u2014 {key.name} {leaf.in_base64(key.id + time.to_bytes(8) + signed)}\n"


class TestHead:
    def test_is_read_as_it_was_signed(self) -> None:
        head = verify.read_head(NOTE.encode(), "checkpoint")

        assert (head.origin, head.size, head.root) == ("log.example/1", 300, bytes(range(32)))
        verify.check_head(head, verify.read_key(VKEY, "--vkey"), "checkpoint")

    def test_may_be_signed_by_others_as_well(self) -> None:
        others = "\u2014 other.example AAAAAAAA\n" + cosignature(0)

        head = verify.read_head(f"{NOTE}{others}".encode(), "checkpoint")
        verify.check_head(head, verify.read_key(VKEY, "--vkey"), "checkpoint")

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("\n300\n", "\n0300\n", "checkpoint, line 2: the size is not a plain number."),
            ("\n300\n", "\n+300\n", "checkpoint, line 2"),
            ("\n300\n", "\n9223372036854775808\n", "checkpoint, line 2"),
            ("log.example/1\n", "log example\n", "checkpoint, line 1: this does not name a log."),
            ("\n300\n", "\n300\nextension\n", "checkpoint: a signed head has three lines"),
            ("=\n\n", "\n\n", "checkpoint, line 3: this is not base64."),
            ("AAEC", "AAE", "checkpoint, line 3"),
            ("\u2014 ", "- ", "checkpoint, line 5: this is not a signature."),
            ("\u2014 ", "\u2014  ", "checkpoint, line 5: this is not a signature."),
        ],
    )
    def test_in_another_form_is_refused(self, old: str, new: str, said: str) -> None:
        assert old in NOTE
        assert said in refused(verify.read_head, NOTE.replace(old, new, 1).encode(), "checkpoint")

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (NOTE[:-1], "three lines, an empty line and finished signatures"),
            (f"{NOTE}\u2014 short AAAA\n", "checkpoint, line 6: this is not a signature."),
            (f"{NOTE}\n", "checkpoint, line 6: this is not a signature."),
            (NOTE + "\u2014 a AAAAAAAA\n" * 9999, "three lines"),
        ],
    )
    def test_with_another_end_is_refused(self, content: str, said: str) -> None:
        assert said in refused(verify.read_head, content.encode(), "checkpoint")

    def test_that_is_no_text_is_refused(self) -> None:
        content = NOTE.encode()[:20] + b"\xff" + NOTE.encode()[20:]

        assert refused(verify.read_head, content, "checkpoint").startswith("checkpoint, byte 20:")

    def test_is_refused_unless_the_key_of_the_log_signed_it(self) -> None:
        key, head = verify.read_key(VKEY, "--vkey"), verify.read_head(NOTE.encode(), "x")
        other = checkpoint.verifier_of(key=WITNESSES[0], origin="log.example/1").to_vkey()
        forged = head._replace(text=head.text.replace(b"300", b"301"))

        assert "another log" in refused(verify.check_head, head, key._replace(name="x"), "x")
        assert "not signed by the key" in refused(
            verify.check_head, head, verify.read_key(other, "--vkey"), "x"
        )
        assert "the signature of the log under it is not right" in refused(
            verify.check_head, forged, key, "x"
        )


class TestKey:
    @pytest.mark.parametrize(
        "vkey",
        [
            "", "a", VKEY.replace("log", "lag"), VKEY[:-1], VKEY + "=", VKEY.replace("+A", "+B"),
            "a+00000000+", vkey_of(verify.Key("a", 6, bytes(32))),
            vkey_of(verify.Key("a", 1, bytes(31))), vkey_of(witness_key(0)), None,
        ],
    )  # fmt: skip
    def test_in_another_form_is_refused(self, vkey: object) -> None:
        assert refused(verify.read_key, vkey, "--vkey").startswith("--vkey: ")


def policy_of(*lines: str) -> bytes:
    witnesses = [f"witness w{number} {vkey_of(witness_key(number))}" for number in range(3)]
    return "\n".join([f"log {VKEY}", *witnesses, *lines, ""]).encode()


class TestPolicy:
    def check(self, content: bytes, note: str = NOTE) -> None:
        head = verify.read_head(note.encode(), "checkpoint")
        verify.check_policy(content, head, verify.read_key(VKEY, "--vkey"))

    def test_of_ours_without_witnesses_is_met(self) -> None:
        content = policy.Policy(quorum="none").to_text(logs=[checkpoint.parse_vkey(VKEY)]).encode()

        assert content == f"log {VKEY}\nquorum none\n".encode()
        self.check(content)

    def test_of_ours_asks_for_as_many_witnesses_as_it_says(self) -> None:
        ours = policy.parse(policy_of("group g 2 w0 w1 w2", "quorum g"))
        content = ours.to_text(logs=[checkpoint.parse_vkey(VKEY)]).encode()

        self.check(content, NOTE + cosignature(0) + cosignature(2))
        said = refused(self.check, content, NOTE + cosignature(1))
        assert said == "checkpoint: fewer witnesses signed it than the policy asks for."

    @pytest.mark.parametrize(
        "cosigned",
        [
            "",
            cosignature(1),
            cosignature(0, message="log.example/1\n301\n"),
            cosignature(0).replace("witness", "wotness"),
            f"\u2014 {witness_key(0).name} {leaf.in_base64(witness_key(0).id + bytes(9))}\n",
        ],
    )
    def test_is_not_met_by_a_signature_that_does_not_count(self, cosigned: str) -> None:
        assert "fewer witnesses" in refused(self.check, policy_of("quorum w0"), NOTE + cosigned)

    @pytest.mark.parametrize(
        ("lines", "is_met"),
        [
            (["quorum none"], True),
            (["quorum w0"], True),
            (["quorum w2"], False),
            (["group g any w1 w2", "quorum g"], True),
            (["group g all w0 w1", "quorum g"], True),
            (["group g all w0 w2", "quorum g"], False),
            (["group g 3 w0 w1 w2", "quorum g"], False),
            (
                [
                    "# two of us",
                    "",
                    " \t",
                    "group g 2 w0 w1 w2",
                    "group h all g w0",
                    "\tquorum  h ",
                ],
                True,
            ),
        ],
    )
    def test_of_others_is_understood(self, lines: list[str], is_met: bool) -> None:  # noqa: FBT001
        note = NOTE + cosignature(0) + cosignature(1)
        if is_met:
            self.check(policy_of(*lines), note)
        else:
            assert "fewer witnesses" in refused(self.check, policy_of(*lines), note)

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("quorum nobody", "policy, line 5: this is not a line"),
            ("quorum none w0", "policy, line 5: this is not a line"),
            ("quorum", "policy, line 5: this is not a line"),
            ("nonsense a b", "policy, line 5: this is not a line"),
            ("witness w0 x", "policy, line 5: this is not a line"),
            ("witness none x", "policy, line 5: this is not a line"),
            ("witness w9", "policy, line 5: this is not a line"),
            ("witness w9 x", "policy, line 5: this is not an Ed25519 key"),
            (f"witness w9 {VKEY}", "policy, line 5: this is not an Ed25519 key"),
            (f"log {vkey_of(witness_key(0))}", "policy, line 5: this is not an Ed25519 key"),
            ("log", "policy, line 5: this is not an Ed25519 key"),
            ("log a b c", "policy, line 5: this is not a line"),
            ("group g any w9", "policy, line 5: the group is not one of names above it."),
            ("group g any none", "policy, line 5: the group"),
            ("group g 0 w0", "policy, line 5: the group"),
            ("group g 2 w0", "policy, line 5: the group"),
            ("group g any", "policy, line 5: the group"),
            ("group g any w0 w0", "policy, line 5: the group"),
            ("", "policy: it does not name the key of the log, or not one quorum."),
            ("quorum none\nquorum none", "policy: it does not name the key"),
        ],
    )
    def test_in_another_form_is_refused(self, line: str, said: str) -> None:
        assert said in refused(self.check, policy_of(line))

    def test_of_another_log_is_refused(self) -> None:
        assert "does not name the key of the log" in refused(self.check, b"quorum none\n")


QUOTABLE = leaf.in_base64(bytes(32)).encode()


class TestOpeningLines:
    LINE: dict[str, Json] = {
        "actor": "service", "at": "2026-11-24T09:30:15Z", "index": 7, "internal": {"a": "b", "n": 1},
        "internalOpening": leaf.in_base64(bytes(32)), "kind": "k", "shown": None, "shownOpening": None,
    }  # fmt: skip

    def line(self, **changes: Json) -> bytes:
        return canonical.canonical({**self.LINE, **changes}) + b"\n"

    def slowly(self, line: bytes, monkeypatch: pytest.MonkeyPatch) -> verify.Opening:
        with monkeypatch.context() as slow:
            slow.setattr(verify, "LONGEST_MATCHED", 0)
            return verify.read_opening(line, 1)

    @pytest.mark.parametrize(
        "changes",
        [
            {}, {"internal": {"a": 'qu"ote', "b": "\n"}}, {"internal": {"é": "\U0001f600"}},
            {"internal": {"a:": "b", "c": ["d:", "e"]}}, {"shown": {"internal": {}}, "shownOpening": "x"},
            {"internal": {"a": "x" * 5000}}, {"index": 2**53 - 1},
        ],
    )  # fmt: skip
    def test_are_read_the_same_in_both_ways(
        self, changes: dict[str, Json], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        line = self.line(**changes)

        expected = self.slowly(line, monkeypatch)
        assert verify.read_opening(line, 1) == expected
        assert verify.read_opening(line, 1) == expected  # its shape is known now

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b'"a":"b"', b'"a":"b","a":"c"'),
            (b'"a":"b"', b'"a": "b"'),
            (b'"a":"b","n":1', b'"n":1,"a":"b"'),
            (b'"n":1', b'"n":01'),
            (b'"n":1', b'"n":1.0'),
            (b'"index":7', b'"index":07'),
            (b'"index":7', b'"index":-7'),
            (b'"index":7', b'"index":true'),
            (b'"kind":"k"', b'"kind":null'),
            (b'"kind":"k"', b'"kind":"k","more":1'),
            (b'"kind":"k",', b""),
            (b'"a":"b"', b'"a":"\xff"'),
            (b'"at":"2026', b'"at":"\\u0032026'),
        ],
    )
    def test_in_another_form_are_refused_in_both_ways(
        self, old: bytes, new: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        verify.read_opening(self.line(), 1)
        line = self.line().replace(old, new)
        assert line != self.line()

        said = refused(verify.read_opening, line, 3)
        assert said == refused(self.slowly, line, monkeypatch).replace("line 1", "line 3")
        assert said.startswith("openings.ndjson, line 3")

    NESTED = b'{"a":{},"internalOpening":"%b","kind":"k","shown":{}}' % QUOTABLE

    @pytest.mark.parametrize(
        "line",
        [
            # Inside a compartment lies what looks like the end of a compartment.
            b'{"actor":"a","at":"t","index":7,"internal":%b,"internalOpening":"%b","kind":"k","shown":{},'
            b'"shownOpening":"%b"}\n' % (NESTED, QUOTABLE, QUOTABLE),
            b'{"actor":"a","at":"t","index":7,"internal":%b,"shownOpening":"%b"}\n'
            % (NESTED, QUOTABLE),
        ],
    )
    def test_are_never_split_within_a_compartment(
        self, line: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert verify.OPENING.fullmatch(line)
        try:
            expected = self.slowly(line, monkeypatch)
        except verify.NotGenuine:
            refused(verify.read_opening, line, 1)
        else:
            assert verify.read_opening(line, 1) == expected

    def test_that_say_that_they_are_damaged_are_refused(self) -> None:
        assert "someone changed it" in refused(verify.read_opening, self.line(damaged=True), 1)
        assert "members" in refused(verify.read_opening, self.line(damaged=False), 1)

    def test_remember_no_more_shapes_than_memory_holds(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verify, "_shapes", set())
        for number in range(1005):
            verify.read_opening(self.line(internal={f"a{number}": "b"}), 1)

        assert len(verify._shapes) == 1000


def sealed_leaves(size: int) -> list[bytes]:
    before, _, after = A_LEAF.to_bytes().partition(str(A_LEAF.uid).encode())
    return [before + str(UUID(int=number)).encode() + after for number in range(size)]


def signed_export(folder: Path, leaves: list[bytes]) -> None:
    """Write a complete export that opens nothing."""
    part_files.write_entries(folder, begin=0, leaves=leaves)
    part_files.write_upper_tiles(folder, size=len(leaves))
    root = merkle.Frontier().extended(map(merkle.leaf_hash, leaves)).root()
    head = checkpoint.Head(origin="log.example/1", size=len(leaves), root=root)
    files = {
        "checkpoint": checkpoint.sign(head=head, key=KEY).encode(),
        "policy": f"log {VKEY}\nquorum none\n".encode(),
        "keys.json": manifest.keys(LogKeys.of(checkpoint.parse_vkey(VKEY))),
        **dict.fromkeys(("openings.ndjson", "LEESMIJ.md", "README.md", "verify.py"), b""),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    members: dict[str, Json] = {
        "format": manifest.FORMAT,
        "kind": "complete",
        "origin": head.origin,
        "vkey": VKEY,
        "size": head.size,
        "root": leaf.in_base64(root),
        "filter": {"purpose": "none"},
        "verification": {},
        "entries": head.size,
        "opened": 0,
        "files": manifest.digests(folder),
    }
    (folder / "manifest.json").write_bytes(manifest.signed(members, key=KEY))


class TestTallTree:
    """With tiles of four, a few entries fill several levels of them."""

    @pytest.fixture(autouse=True)
    def _narrow_tiles(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (tiles, part_files, verify):
            monkeypatch.setattr(module, "WIDTH", 4)
        monkeypatch.setattr(verify, "HEIGHT", 2)

    @pytest.mark.parametrize("size", [1, 4, 5, 15, 16, 17, 21, 64, 69])
    def test_is_checked_on_every_level(self, tmp_path: Path, size: int) -> None:
        signed_export(tmp_path, sealed_leaves(size))

        assert verify.main([str(tmp_path), "--vkey", VKEY]) == verify.GENUINE
        assert (tmp_path / "tile/3/000.p/1").exists() is (size >= 64)

    def test_is_refused_with_a_changed_tile_on_any_level(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        signed_export(tmp_path, sealed_leaves(69))
        for name, place in (("0/002", 2), ("1/003", 3), ("2/000", 1), ("3/000.p/1", 0)):
            path = tmp_path / "tile" / name
            content = path.read_bytes()
            path.write_bytes(content[: 32 * place] + bytes(32) + content[32 * place + 32 :])

            assert verify.main([str(tmp_path), "--vkey", VKEY]) == verify.NOT_GENUINE
            assert capsys.readouterr().out.startswith(f"tile/{name}, byte {32 * place}: ")
            path.write_bytes(content)
