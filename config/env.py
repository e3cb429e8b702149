"""Read settings from the environment, and stop at once when one is wrong."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "yes" if default else "no")
    if value not in {"yes", "no"}:
        raise ImproperlyConfigured(f"{name} is {value!r}; use 'yes' or 'no'.")
    return value == "yes"


def text(name: str, *, default: str) -> str:
    return os.environ.get(name, default)


def words(name: str, *, default: str) -> list[str]:
    """Return a comma-separated list; blanks are dropped."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def folder(name: str, *, default: Path) -> Path:
    return Path(os.environ.get(name, default)).expanduser().resolve()


def secret(name: str) -> str:
    """Return the secret in the file named by `<name>_FILE`, else `<name>`, else an empty string."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE points to {path}, which cannot be read."
            ) from error
    return os.environ.get(name, "")
