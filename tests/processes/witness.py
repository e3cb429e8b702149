"""A witness that is killed at one point, as by a power cut: `... POINT` and then what `manage.py witness` takes."""

import os
import signal
import sys
from typing import Any

from audit.witness import memory
from audit.witness.command import main


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str) -> None:
    if point == "between check and store":
        memory.Remembered.keep = die  # type: ignore[method-assign]
    elif point == "in the middle of storing":
        memory.Path.replace = die  # type: ignore[method-assign, attr-defined, assignment]
    elif point == "between store and answer":
        keep = memory.Remembered.keep

        def kept(*args: Any) -> None:
            keep(*args)
            die()

        memory.Remembered.keep = kept  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    arm(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
