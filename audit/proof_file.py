"""The proof file that a customer keeps: one line of the log, what it says, and that it is in the log. Pure.

`{"format", "leaf", "shown", "shownOpening", "tlogProof", "vkey", "explanation"}` as JSON. Whoever reads it needs
the key of the log from elsewhere, and nothing of ours: leaf and opening lead to the commitment
(`audit.leaf`), leaf and tlog-proof to the signed head (`audit.tlog_proof`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from audit import checkpoint, tlog_proof
from audit.canonical import Json, canonical
from audit.leaf import SHOWN, Leaf, check_commitment, from_base64, parse_leaf

FORMAT = "regie-proof/1"
LARGEST = 256 * 1024
_TEXTS = ("leaf", "shownOpening", "tlogProof", "vkey")
_MEMBERS = {"format", "shown", "explanation", *_TEXTS}
EXPLANATION: Mapping[str, str] = {
    "nl": "Dit bestand bewijst dat deze regel in het logboek staat, en wat de regel over u zegt. Controleer het op "
    "de pagina /log/controleren/, of met het programma verify.py. Vraag de sleutel van het logboek "
    "(vkey) ook op een andere manier, bijvoorbeeld per brief. Bewaar dit bestand: het blijft geldig.",
    "en": "This file proves that this line is in the log, and what the line says about you. Check it on the page "
    "/log/controleren/, or with the program verify.py. Ask for the key of the log (vkey) in another way "
    "too, such as by letter. Keep this file: it stays valid.",
}


class ProofFileError(ValueError):
    """The file is no proof, or does not prove what it says; the message names what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFile:
    """What is in the file. `leaf` are its exact bytes as text; `opening` is base64."""

    leaf: str
    shown: Mapping[str, Json]
    opening: str
    proof: str
    vkey: str

    def to_bytes(self) -> bytes:
        members = {
            "format": FORMAT,
            "leaf": self.leaf,
            "shown": dict(self.shown),
            "shownOpening": self.opening,
            "tlogProof": self.proof,
            "vkey": self.vkey,
            "explanation": dict(EXPLANATION),
        }
        return (json.dumps(members, ensure_ascii=False, indent=2) + "\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a proof file was found to prove."""

    leaf: Leaf
    shown: Mapping[str, Json]
    index: int
    head: checkpoint.Head
    note: str


def check(file: ProofFile, *, verifier: checkpoint.Signers) -> Proven:
    """Check a proof file against the key of the log, or its keys.

    The key that the file names may be another one, if it signed the same head; what counts is the known one.

    Raises:
        ProofFileError: no known key signed its head, or one of its parts does not fit the others.
    """
    try:
        leaf = parse_leaf(file.leaf.encode())
        check_commitment(
            committed=leaf.shown,
            part=SHOWN,
            uid=leaf.uid,
            opening=from_base64(file.opening),
            payload=canonical(dict(file.shown)),
        )
        proof = tlog_proof.parse(file.proof)
        head = proof.check(leaf=leaf.to_bytes(), verifier=verifier)
        if not verifier.knows(file.vkey):
            checkpoint.parse_vkey(file.vkey).head_of(proof.note)
    except ValueError as error:  # each says what is wrong with its part
        if not verifier.knows(file.vkey):
            raise ProofFileError("The file names another key than that of this log.") from error
        raise ProofFileError(str(error)) from error
    return Proven(leaf=leaf, shown=file.shown, index=proof.index, head=head, note=proof.note)


def read(content: bytes) -> ProofFile:
    """Read a proof file; whether it proves anything is for `check`.

    Raises:
        ProofFileError: it is no proof file.
    """
    if len(content) > LARGEST:
        raise ProofFileError("The file is too large to be a proof.")
    try:
        members = json.loads(content, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise ProofFileError("This is not a proof file.") from error
    if not isinstance(members, dict) or members.get("format") != FORMAT:
        raise ProofFileError("This is not a proof file.")
    if set(members) != _MEMBERS or not isinstance(members["shown"], dict):
        raise ProofFileError("The file has not the members of a proof.")
    leaf, opening, proof, vkey = (members[name] for name in _TEXTS)
    if not all(isinstance(text, str) for text in (leaf, opening, proof, vkey)):
        raise ProofFileError("The file has not the members of a proof.")
    return ProofFile(leaf=leaf, shown=members["shown"], opening=opening, proof=proof, vkey=vkey)


def _without_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ProofFileError("A name occurs twice in the file.")
    return found
