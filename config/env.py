"""Read settings from the environment, and stop at once when one is wrong."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import dj_database_url
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured

from audit import checkpoint, policy

_LARGEST_NUMBER = 999_999_999
_WEB_ADDRESS = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/?")
_DATABASES = ("sqlite", "postgres", "postgresql")


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


def number(name: str, *, default: int, least: int = 0, most: int = _LARGEST_NUMBER) -> int:
    value = os.environ.get(name, str(default))
    is_number = value.isascii() and value.isdigit() and len(value) <= len(str(_LARGEST_NUMBER))
    if not is_number or not least <= int(value) <= most:
        limits = f"{least} or more" if most == _LARGEST_NUMBER else f"{least} to {most}"
        raise ImproperlyConfigured(f"{name} is {value!r}; use a whole number, {limits}.")
    return int(value)


def choice(name: str, *, default: str, options: Sequence[str]) -> str:
    value = os.environ.get(name, default)
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}; use one of: {', '.join(options)}.")
    return value


def web_address(name: str, *, default: str) -> str:
    """Return the scheme, host and port of a site, without a slash at the end."""
    value = os.environ.get(name, default)
    if not _WEB_ADDRESS.fullmatch(value):
        raise ImproperlyConfigured(
            f"{name} is {value!r}; use http:// or https:// and a host name in lower case, and "
            "nothing behind it, such as https://regie.example."
        )
    return value.rstrip("/")


def log_name(name: str, *, default: str) -> str:
    """Return a name that a log can have in its checkpoints."""
    value = os.environ.get(name, default)
    try:
        checkpoint.verifier_of(key=Ed25519PrivateKey.generate(), origin=value)  # any key will do
        value.encode()
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; use 1 to 200 characters without spaces or plus signs, such as "
            "regie.example/log."
        ) from error
    return value


def log_policy(name: str, *, origin: str) -> policy.Policy:
    """Return the policy in the file that is named: whom to trust with the log. Without one: nobody is asked."""
    path = os.environ.get(name)
    if not path:
        return policy.Policy()
    try:
        found = policy.parse(Path(path).expanduser().read_bytes())
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} is {path!r}, which cannot be read ({error.strerror}); name a file that this account may read."
        ) from error
    except policy.PolicyError as error:
        raise ImproperlyConfigured(
            f"{name} is {path!r}, which is no policy (c2sp.org/tlog-policy). {error}"
        ) from error
    if found.logs and origin not in {one.name for one in found.logs}:
        raise ImproperlyConfigured(
            f"{name} is {path!r}, which is about other logs than {origin}; leave the lines with log out, or name "
            "the key of /log/vkey."
        )
    return found


def database(name: str, *, default: str) -> dict[str, Any]:
    """Return what Django needs to know of the database; what is wrong is not repeated, for its password."""
    value = os.environ.get(name, default)
    found: dict[str, Any] = {}
    if value.partition("://")[0] in _DATABASES:
        with suppress(ValueError):
            found = dict(dj_database_url.parse(value))
    if not found.get("NAME"):
        raise ImproperlyConfigured(
            f"{name} is not the address of a database; use postgresql://user@host:5432/name, or "
            "sqlite:/// and the path of a file."
        )
    return found


def folder(name: str, *, default: Path) -> Path:
    return Path(os.environ.get(name, default)).expanduser().resolve()


def own_folder(name: str, *, default: Path) -> Path:
    """Return a folder, made for this account alone when it is not there."""
    path = folder(name, default=default)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} is {str(path)!r}, which cannot be made ({error.strerror}); use a folder where "
            "this account may write."
        ) from error
    return path


def secret(name: str) -> str:
    """Return the secret in the file named by `<name>_FILE`, else `<name>`, else an empty string."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise ImproperlyConfigured(
                f"{name}_FILE points to {path}, which cannot be read."
            ) from error
    return os.environ.get(name, "")
