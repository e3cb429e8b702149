import metamorphic_log
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit import checkpoint
from audit.checkpoint import CheckpointError, Head
from audit.leaf import in_base64

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ORIGIN = "log.example/2026"
SIGNER = checkpoint.verifier_of(key=KEY, origin=ORIGIN)
HEAD = Head(origin=ORIGIN, size=300, root=bytes(range(32)))
NOTE = checkpoint.sign(head=HEAD, key=KEY)
TEXT, SIGNATURES = NOTE.split("\n\n")


class TestSign:
    @given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
    def test_is_accepted_here_and_by_another_program(self, size: int, root: bytes) -> None:
        head = Head(origin=ORIGIN, size=size, root=root)

        note = checkpoint.sign(head=head, key=KEY)

        assert checkpoint.verify(note=note, verifier=SIGNER) == head
        verified = metamorphic_log.checkpoint_verify(note, [SIGNER.to_vkey()])
        assert (verified.origin, verified.size, verified.root) == (ORIGIN, size, root)

    @pytest.mark.parametrize("origin", ["", "with space", "a+b", "line\nbreak", "x" * 201])
    def test_refuses_an_origin_that_cannot_name_a_log(self, origin: str) -> None:
        with pytest.raises(CheckpointError):
            checkpoint.sign(head=Head(origin=origin, size=1, root=bytes(32)), key=KEY)


class TestVerify:
    def test_ignores_the_signature_of_a_key_it_does_not_know(self) -> None:
        other = checkpoint.sign(head=HEAD, key=OTHER_KEY).split("\n\n")[1]

        assert checkpoint.verify(note=f"{TEXT}\n\n{other}{SIGNATURES}", verifier=SIGNER) == HEAD

    def test_refuses_a_note_that_only_another_key_signed(self) -> None:
        with pytest.raises(CheckpointError, match="not signed by the key"):
            checkpoint.verify(note=checkpoint.sign(head=HEAD, key=OTHER_KEY), verifier=SIGNER)

    def test_refuses_a_note_of_another_log(self) -> None:
        verifier = checkpoint.verifier_of(key=KEY, origin="other.example")

        with pytest.raises(CheckpointError, match="another log"):
            checkpoint.verify(note=NOTE, verifier=verifier)

    def test_refuses_a_changed_size(self) -> None:
        with pytest.raises(CheckpointError, match="signature"):
            checkpoint.verify(note=NOTE.replace("\n300\n", "\n301\n"), verifier=SIGNER)

    @given(st.integers(0, len(NOTE) - 1), st.characters())
    def test_refuses_every_change_of_a_character(self, place: int, character: str) -> None:
        changed = NOTE[:place] + character + NOTE[place + 1 :]

        if changed != NOTE:
            with pytest.raises(CheckpointError):
                checkpoint.verify(note=changed, verifier=SIGNER)

    @pytest.mark.parametrize(
        "note",
        [
            "",
            TEXT,
            f"{TEXT}\n\n",
            NOTE[:-1],
            f"{NOTE}\n",
            NOTE.replace("\n300\n", "\n0300\n"),
            NOTE.replace("\n300\n", "\n-1\n"),
            NOTE.replace("\n300\n", "\n9223372036854775808\n"),
            NOTE.replace("\n300\n", "\n300\nextension\n"),
            NOTE.replace(in_base64(HEAD.root), in_base64(bytes(31))),
            NOTE.replace("=\n\n", "\n\n"),
            NOTE.replace("\u2014", "-"),
            NOTE.replace("\u2014 ", "\u2014  "),
            f"{NOTE}\u2014 {ORIGIN} AAAA\n",
            f"{NOTE}\u2014 {ORIGIN} ????\n",
            f"{NOTE}\u2014 a+b AAAAAAAAAA==\n",
            NOTE.replace(ORIGIN, "", 1),
            NOTE + f"\u2014 {ORIGIN} AAAAAAAAAA==\n" * 10_000,
        ],
    )
    def test_refuses_what_is_not_written_exactly_so(self, note: str) -> None:
        with pytest.raises(CheckpointError):
            checkpoint.verify(note=note, verifier=SIGNER)


class TestVkey:
    def test_is_read_back(self) -> None:
        assert checkpoint.parse_vkey(SIGNER.to_vkey()) == SIGNER

    @pytest.mark.parametrize(
        "vkey",
        [
            "",
            "name",
            "name+00000000+AAAA",
            SIGNER.to_vkey().replace(ORIGIN, "other.example"),
            SIGNER.to_vkey()[:-4] + "AAAA",
            SIGNER.to_vkey() + "=",
            "name+00000000+???",
        ],
    )
    def test_is_refused_when_anything_is_wrong(self, vkey: str) -> None:
        with pytest.raises(CheckpointError):
            checkpoint.parse_vkey(vkey)
