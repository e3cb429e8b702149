"""A key makes way for the next (test list 25): who knows either can check; who knows neither, or asks out of its range, cannot."""

import metamorphic_log
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import checkpoint, signers
from audit.checkpoint import CheckpointError, Verifier
from audit.signers import KeyRange, LogKeys
from tests.audit.witnessing import KEY, ORIGIN, OTHER_KEY, head

STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
OLD, NEW = (checkpoint.verifier_of(key=key, origin=ORIGIN) for key in (KEY, OTHER_KEY))
# Up to 12 the old key, from 8 the new one: in between both.
KEYS = LogKeys((KeyRange(verifier=OLD, first=0, last=12), KeyRange(verifier=NEW, first=8)))


def note(size: int, *keys: Ed25519PrivateKey) -> str:
    return checkpoint.sign_by_each(head=head(size), keys=keys)


class TestOverlap:
    BOTH = note(10, KEY, OTHER_KEY)

    @pytest.mark.parametrize("known", [(OLD,), (NEW,), (OLD, NEW)])
    def test_is_checked_by_whoever_knows_one_of_the_keys(self, known: tuple[Verifier, ...]) -> None:
        assert LogKeys.of(*known).head_of(self.BOTH) == head(10)
        assert KEYS.head_of(self.BOTH) == head(10)
        vkeys = [one.to_vkey() for one in known]
        assert metamorphic_log.checkpoint_verify(self.BOTH, vkeys).size == 10

    def test_is_checked_by_a_program_that_knows_one_key_only(self) -> None:
        for one in (OLD, NEW):
            assert checkpoint.verify(note=self.BOTH, verifier=one) == head(10)
            assert one.head_of(self.BOTH) == head(10)

    def test_is_refused_by_whoever_knows_neither(self) -> None:
        other = checkpoint.verifier_of(key=STRANGER, origin=ORIGIN)
        with pytest.raises(CheckpointError, match="not signed by the key"):
            LogKeys.of(other).head_of(self.BOTH)

    def test_is_refused_with_one_bad_signature(self) -> None:
        text, signatures = self.BOTH.split("\n\n")
        first, second, _ = signatures.split("\n")
        other = note(11, OTHER_KEY).split("\n\n")[1]
        with pytest.raises(CheckpointError, match="not right"):
            KEYS.head_of(f"{text}\n\n{first}\n{other}")
        assert KEYS.head_of(f"{text}\n\n{second}\n") == head(10)


class TestRange:
    @pytest.mark.parametrize(
        ("size", "key"), [(1, KEY), (7, KEY), (12, KEY), (8, OTHER_KEY), (300, OTHER_KEY)]
    )
    def test_is_where_a_key_counts(self, size: int, key: Ed25519PrivateKey) -> None:
        assert KEYS.head_of(note(size, key)) == head(size)

    @pytest.mark.parametrize(
        ("size", "key"), [(13, KEY), (300, KEY), (1, OTHER_KEY), (7, OTHER_KEY)]
    )
    def test_is_refused_outside(self, size: int, key: Ed25519PrivateKey) -> None:
        with pytest.raises(CheckpointError, match=f"does not count for a log of {size}"):
            KEYS.head_of(note(size, key))

    def test_names_who_must_sign(self) -> None:
        assert [KEYS.at(size) for size in (7, 8, 12, 13)] == [[OLD], [OLD, NEW], [OLD, NEW], [NEW]]
        assert KEYS.newest == NEW
        assert KEYS.knows(OLD.to_vkey())
        assert not KEYS.knows(checkpoint.verifier_of(key=STRANGER, origin=ORIGIN).to_vkey())


class TestOrigin:
    def test_of_another_log_is_refused(self) -> None:
        elsewhere = checkpoint.sign(head=head(10, origin="other.example"), key=KEY)
        with pytest.raises(CheckpointError, match="of another log"):
            KEYS.head_of(elsewhere)

    def test_of_one_log_is_not_signed_for_by_the_key_of_another(self) -> None:
        """A trusted log cannot speak for another trusted log."""
        other = checkpoint.verifier_of(key=STRANGER, origin="other.example")
        text = head(10).to_text()
        forged = f"{text}\n" + checkpoint.signature_line(other, STRANGER.sign(text.encode()))
        with pytest.raises(CheckpointError, match="not signed by the key"):
            LogKeys.of(OLD, other).head_of(forged)


class TestText:
    def test_begins_with_the_key_that_signs_now(self) -> None:
        assert LogKeys.of(OLD).to_text() == f"{OLD.to_vkey()}\n"
        text = KEYS.to_text()
        assert text == f"{NEW.to_vkey()}\n\n{OLD.to_vkey()} 0 12\n{NEW.to_vkey()} 8 -\n"
        assert checkpoint.parse_vkey(text.splitlines()[0]) == NEW

    @pytest.mark.parametrize("keys", [LogKeys.of(OLD), KEYS])
    def test_is_read_again(self, keys: LogKeys) -> None:
        assert signers.parse(keys.to_text()) == keys

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "x\n",
            f"{NEW.to_vkey()}\n\n",
            f"{NEW.to_vkey()}\n{OLD.to_vkey()} 0 12\n{NEW.to_vkey()} 8 -\n",
            f"{OLD.to_vkey()}\n\n{OLD.to_vkey()} 0 12\n{NEW.to_vkey()} 8 -\n",
            f"{NEW.to_vkey()}\n\n{OLD.to_vkey()} 0\n{NEW.to_vkey()} 8 -\n",
            f"{NEW.to_vkey()}\n\n{OLD.to_vkey()} - 12\n{NEW.to_vkey()} 8 -\n",
            f"{NEW.to_vkey()}\n\n{OLD.to_vkey()} 0 x\n{NEW.to_vkey()} 8 -\n",
            f"{NEW.to_vkey()}\n\nx 0 12\n{NEW.to_vkey()} 8 -\n",
        ],
    )
    def test_of_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(CheckpointError):
            signers.parse(text)
