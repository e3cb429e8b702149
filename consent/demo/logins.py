"""Who can log in to the demo: `accounts.json` for programs, a table for people.

Read before there are settings, so nothing here imports Django on top.
"""

import base64
import json
import os
from pathlib import Path
from typing import TypedDict

FILE_NAME = "accounts.json"


class Customer(TypedDict):
    email: str
    password: str
    totpSecret: str
    reference: str
    name: str


class NotEnrolled(TypedDict):
    email: str
    password: str
    reference: str
    name: str


class Employee(TypedDict):
    email: str
    password: str
    totpSecret: str


class Service(TypedDict):
    clientId: str
    kid: str
    privateKeyFile: str
    scope: str
    purposes: list[str]


class Logins(TypedDict):
    customers: list[Customer]
    notEnrolled: list[NotEnrolled]
    officer: Employee
    desk: Employee
    admin: Employee
    services: list[Service]


def write(logins: Logins, *, data_dir: Path) -> Path:
    """Put the file there in one step, so that nobody reads half of it; mode 0600."""
    path = data_dir / FILE_NAME
    draft = data_dir / f".{FILE_NAME}"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(logins, file, ensure_ascii=False, indent=2)
        file.write("\n")
    return draft.replace(path)


def read(data_dir: Path) -> Logins:
    """Return what the last start wrote.

    Raises:
        FileNotFoundError: no demo was started there.
    """
    logins: Logins = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
    return logins


def table(logins: Logins, *, seconds: float) -> str:
    """Return the table for a terminal, with the codes that count at this moment (seconds since 1970)."""
    rows = [("log in as", "customer number", "password", "TOTP secret", "code now")]
    rows += [_row(customer, seconds) for customer in logins["customers"]]
    rows += [
        (
            person["email"],
            person["reference"],
            person["password"],
            "(set up at first log-in)",
            "",
        )
        for person in logins["notEnrolled"]
    ]
    rows += [_row(logins["officer"], seconds), _row(logins["desk"], seconds)]
    rows += [_row(logins["admin"], seconds)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    for place, role in enumerate(("privacy officer", "service desk", "administrator"), start=-3):
        lines[place] += f"  {role}"
    return "\n".join(lines)


def _row(person: Customer | Employee, seconds: float) -> tuple[str, str, str, str, str]:
    from accounts import totp  # noqa: PLC0415  # it imports Django

    secret = base64.b32decode(person["totpSecret"])
    code = totp.code_at(secret, totp.step_at(seconds))
    number = str(person.get("reference", "-"))
    return person["email"], number, person["password"], person["totpSecret"], code
