"""Check what came out of the log, offline: `python3 -m audit.verifier FILE [--vkey VKEY | --keys FILE] [--policy FILE]`.

FILE is an export (`audit.export_check` has its rules) or the proof of one line (`audit.proof_file`).
Needs only Python and the `cryptography` package.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from audit import checkpoint, policy, proof_file, signers
from audit.export_check import NotAnExportError, Verdict, verify_export
from audit.signers import LogKeys

_SOUND, _FAULTY, _UNREADABLE = 0, 1, 2
_STARTS_A_PROOF = b'"format": "regie-proof/'
_KEY_FROM_FILE = (
    "Warning: the key was taken from the file itself. Ask the organisation for its key in "
    "another way and give it with --vkey; otherwise anyone could have made this file."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the file that is named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m audit.verifier",
        description="Check an export of the log, or the proof of one line. Exit code 0: genuine (without "
        "--vkey only: consistent with the key in the file). 1: not genuine. 2: unreadable.",
    )
    parser.add_argument("file", type=Path, help="the export (JSON Lines), or the proof")
    parser.add_argument("--vkey", help="the key of the log, as you know it from elsewhere")
    parser.add_argument("--keys", type=Path, help="or a file with all its keys, as at /log/vkey")
    parser.add_argument("--policy", type=Path, help="the witnesses that you trust (tlog-policy)")
    options = parser.parse_args(arguments)
    try:
        policy_ = _read_policy(options.policy)
        known = _read_keys(options.vkey, options.keys, policy_)
        sentences, code = _checked(options.file, known, policy_)
    except _NotKnownError as error:
        return _say([str(error)], _UNREADABLE)
    except OSError as error:
        return _say([f"The file cannot be read: {error.strerror}."], _UNREADABLE)
    except NotAnExportError as error:
        return _say([str(error)], _UNREADABLE)
    return _say(sentences if known else [*sentences, _KEY_FROM_FILE], code)


class _NotKnownError(Exception):
    """What is said to be trusted cannot be read."""


def _read_policy(path: Path | None) -> policy.Policy | None:
    try:
        return policy.parse(path.read_bytes()) if path else None
    except policy.PolicyError as error:
        raise _NotKnownError(f"--policy: {error}") from error


def _read_keys(
    vkey: str | None, path: Path | None, policy_: policy.Policy | None
) -> LogKeys | None:
    """Return the keys that are known from elsewhere; None when there are none."""
    try:
        if vkey is not None:
            return LogKeys.of(checkpoint.parse_vkey(vkey))
        if path is not None:
            return signers.parse(path.read_text(encoding="utf-8"))
    except (checkpoint.CheckpointError, UnicodeError) as error:
        raise _NotKnownError(f"{'--keys' if vkey is None else '--vkey'}: {error}") from error
    return LogKeys.of(*policy_.logs) if policy_ and policy_.logs else None


def _checked(
    path: Path, known: LogKeys | None, policy_: policy.Policy | None
) -> tuple[list[str], int]:
    with path.open("rb") as stream:
        if _STARTS_A_PROOF in stream.read(200):
            sentences, code, note = _checked_proof(path, known)
        else:
            stream.seek(0)
            verdict = verify_export(stream, known=known)
            note = verdict.checkpoint
            if verdict.head and not verdict.faults:
                sentences = _good_news(verdict, verdict.head, is_key_known=known is not None)
                code = _SOUND
            else:
                sentences, code = _bad_news(verdict), _FAULTY
    if policy_ is None or code != _SOUND:
        return sentences, code
    said, is_met = _witnessed(policy_, note)
    return [*sentences, *said], _SOUND if is_met else _FAULTY


def _witnessed(policy_: policy.Policy, note: str) -> tuple[list[str], bool]:
    """Return which known witnesses signed, in sentences, and whether they are enough."""
    try:
        found = policy_.witnessed(note)
    except checkpoint.CheckpointError as error:
        return [str(error)], False
    signed = [
        f"The witness {one.witness.name} saw it at {one.at:%Y-%m-%dT%H:%M:%SZ}." for one in found.by
    ]
    if found.is_met:
        return [*signed, "That is what the policy asks for."], True
    return [*signed, "Not enough witnesses saw it for the policy."], False


def _checked_proof(path: Path, known: LogKeys | None) -> tuple[list[str], int, str]:
    try:
        file = proof_file.read(path.read_bytes())
        proven = proof_file.check(file, verifier=known or proof_file.stated_key(file))
    except proof_file.ProofFileError as error:
        return [str(error), "The proof is not genuine."], _FAULTY, ""
    genuine = "is genuine" if known else "is consistent with the key in the file"
    sentences = [
        f"The proof {genuine}.",
        f"The line has index {proven.index} in {proven.head.origin}, a log of {proven.head.size}.",
        f"It says: {proven.leaf.kind}, at {proven.leaf.at:%Y-%m-%dT%H:%M:%SZ}, by {proven.leaf.actor}.",
        *(f"  {name}: {value}" for name, value in sorted(proven.shown.items())),
    ]
    return sentences, _SOUND, proven.note


def _bad_news(verdict: Verdict) -> list[str]:
    sentences = [f"Line {line}: {what}" for line, what in verdict.faults]
    if verdict.fault_count > len(verdict.faults):
        sentences.append(f"And {verdict.fault_count - len(verdict.faults)} faults more.")
    return [*sentences, "The export is not genuine, or not complete."]


def _good_news(verdict: Verdict, head: checkpoint.Head, *, is_key_known: bool) -> list[str]:
    """Return what the file proves: without a key from elsewhere, only that it agrees with itself."""
    count = f"Number of entries: {verdict.count}."
    if is_key_known:
        sentences = [
            f"The export is genuine. {count}",
            f"Each of them is in the log {head.origin}, of {head.size} entries.",
        ]
    else:
        sentences = [
            f"The export is consistent with the key in the file. {count}",
            f"Each of them is in a log that calls itself {head.origin}, of {head.size} entries.",
        ]
    if verdict.erased:
        sentences.append(f"Entries with an erased part, which cannot be checked: {verdict.erased}.")
    if verdict.count == head.size:
        sentences.append("It is the whole of that log up to that moment: none was left out.")
    else:
        sentences.append("The export is a selection: it does not prove that none was left out.")
    return sentences


def _say(sentences: Sequence[str], code: int) -> int:
    # Never a traceback, nor a control character from the file, whatever the terminal can show.
    sys.stdout.write("".join(f"{ascii(one)[1:-1]}\n" for one in sentences))
    return code


if __name__ == "__main__":
    sys.exit(main())
