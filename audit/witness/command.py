"""`python3 manage.py witness`: make the key, say what it is, or serve."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import cosignature
from audit.checkpoint import CheckpointError
from audit.keyfiles import KeyFileError, signing_key
from audit.witness import memory, rules
from audit.witness.service import CannotListenError, Witness, serve

KEY_NAME = "witness.key"
_PORT, _HIGHEST_PORT = re.compile(r"[0-9]{1,5}"), 65_535
_LISTEN = "127.0.0.1:8100"
_FAULTS = (CheckpointError, KeyFileError, memory.MemoryLostError, CannotListenError, OSError)


class _NotSaidError(Exception):
    """An option is missing or wrong; the message says which."""


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (*_FAULTS, _NotSaidError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    if not options.name:
        raise _NotSaidError(
            "Give the witness a name that it keeps for ever, with --name or REGIE_WITNESS_NAME, such as "
            "witness.example.nl/regie."
        )
    host, port = _address(options.listen)
    key = _prepare(options.folder)
    vkey = cosignature.verifier_of(key=key, name=options.name).to_vkey()
    if options.vkey:
        sys.stdout.write(f"{vkey}\n")
        return
    logs = rules.known_logs(options.log or os.environ.get("REGIE_WITNESS_LOGS", "").split())
    if not logs:
        raise _NotSaidError(
            "Name the logs to witness by their keys, with --log (once for each) or REGIE_WITNESS_LOGS. A log of "
            "Regie shows its key at /log/vkey; ask its people for it in another way too."
        )
    witness = Witness(
        name=options.name,
        key=key,
        folder=options.folder,
        logs=logs,
        clock=lambda: datetime.now(UTC),
        tell=sys.stderr.write,
    )
    serve(witness, host=host, port=port, ready=lambda at: _say(f"http://{host}:{at}", vkey, logs))


def _prepare(folder: Path) -> Ed25519PrivateKey:
    """Return the key; make it, and an empty memory before it, in a folder that holds neither.

    Raises:
        KeyFileError: the key cannot be read, or is gone while the witness remembers what it signed with it.
        MemoryLostError: the key is there and the memory is not.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / KEY_NAME
    if not path.exists():
        memory.begin(folder)
    with memory.opened(folder) as remembered:
        if not path.exists() and not remembered.is_empty():
            raise KeyFileError(f"{path} is gone. Restore {KEY_NAME} from your backup.")
        return signing_key(path, setting="REGIE_WITNESS_DIR")


def _address(listen: str) -> tuple[str, int]:
    host, separator, port = listen.rpartition(":")
    if not (host and separator and _PORT.fullmatch(port) and int(port) <= _HIGHEST_PORT):
        raise _NotSaidError(
            f"--listen is {listen!r}; use an address and a port, such as {_LISTEN}."
        )
    return host, int(port)


def _say(address: str, vkey: str, logs: rules.Logs) -> None:
    sys.stdout.write(
        f"Witness of {', '.join(sorted(logs))} at {address}\nIts key: {vkey}\nStop with Ctrl-C.\n"
    )
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="manage.py witness",
        description="Sign the heads of logs that only grew (C2SP tlog-witness). Needs no database; give it to "
        "another department than that of the log.",
    )
    surroundings = os.environ.get
    parser.add_argument("--name", default=surroundings("REGIE_WITNESS_NAME", ""))
    parser.add_argument(
        "--log", action="append", metavar="VKEY", help="the key of a log that it witnesses"
    )
    parser.add_argument("--listen", default=surroundings("REGIE_WITNESS_LISTEN", _LISTEN))
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(surroundings("REGIE_WITNESS_DIR", "var/witness")),
        help="where its key and its memory are",
    )
    parser.add_argument("--vkey", action="store_true", help="say its key, and stop")
    return parser
