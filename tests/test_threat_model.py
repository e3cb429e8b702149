"""docs/threat-model.md and docs/asvs.md say which test shows each line; that test exists, and no line is left out."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

DOCS = settings.BASE_DIR / "docs"
THREATS, ASVS = (
    (DOCS / name).read_text(encoding="utf-8") for name in ("threat-model.md", "asvs.md")
)
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)*)`", THREATS + ASVS)))
REASONS = ("Does not apply: ", "Not met: ", "Operator: ")
# Level 1 and 2, a choice of level 3, what is optional, and what does not apply.
REQUIREMENTS = """
1.2.1-5 1.2.10 1.3.3 1.3.6 1.3.11 1.5.2 2.1.1-3 2.2.1-3 2.3.1-5 2.4.1 3.2.1-2 3.3.1-4 3.4.1-8 3.5.1-4
3.7.1-2 4.1.1-4 4.3.1-2 4.4.1-4 5.2.1-6 5.3.1-3 5.4.1-2 6.1.1-3 6.2.1-12 6.3.1-8 6.4.1-6 6.5.1-6 6.5.8 6.6.1-4
6.7.2 6.8.1-4 7.1.1-3 7.2.1-4 7.3.1-2 7.4.1-5 7.5.1-3 7.6.1-2 8.1.1-2 8.2.1-3 8.3.1-2 8.4.1-2 9.1.1-3
9.2.1-4 10.1.1-2 10.2.1-2 10.3.1-3 10.3.5 10.4.1-16 10.5.1-4 10.6.1-2 10.7.1-3 11.1.1-3 11.2.1-5
11.3.1-4 11.4.1-4 11.5.1 11.6.1 11.7.1 12.1.1-3 12.2.1-2 12.3.1-4 13.1.1 13.1.4 13.2.1-5 13.3.1-4
13.4.1-6 14.1.1-2 14.2.1-4 14.2.6-7 14.3.1-3 15.1.1-3 15.2.1-3 15.3.1-5 15.3.7 15.4.2 16.1.1 16.2.1-5
16.3.1-4 16.4.1-3 16.5.1-4 17.1.1-2 17.2.1-8 17.3.1-2
"""


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of each row of the table below a heading."""
    part = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def chapters() -> Iterator[tuple[str, list[str]]]:
    """Yield each requirement with its row."""
    headings = re.findall(r"^## (V\d+ .*|Does not apply)$", ASVS, re.MULTILINE)
    for heading in headings:
        for row in rows(ASVS, heading):
            for name in row[0].split(", "):
                yield name, row


def expected() -> Iterator[str]:
    for part in REQUIREMENTS.split():
        start, _, end = part.partition("-")
        section, _, first = start.rpartition(".")
        for number in range(int(first), int(end or first) + 1):
            yield f"{section}.{number}"


@cache
def names_in(file: str) -> set[str]:
    """Return what a file of tests defines: classes, tests, and the tests in a class."""
    tree = ast.parse(Path(settings.BASE_DIR, file).read_text(encoding="utf-8"))
    found = {""}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            inside = [one.name for one in node.body if isinstance(one, ast.FunctionDef)]
            found |= {node.name, *(f"{node.name}::{name}" for name in inside)}
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
    return found


def is_shown(row: list[str]) -> bool:
    return "`tests/" in row[-1]


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_is_named_exists(named: str) -> None:
    file, _, name = named.partition("::")

    assert name in names_in(file)


@pytest.mark.parametrize(
    ("heading", "at_least"), [("What went wrong elsewhere", 33), ("Threats", 28)]
)
def test_every_threat_names_a_test(heading: str, at_least: int) -> None:
    found = rows(THREATS, heading)

    assert len(found) >= at_least
    assert [row[0] for row in found if not is_shown(row)] == []


def test_no_threat_is_left_out() -> None:
    assert [row[0] for row in rows(THREATS, "Threats")] == [f"T{number}" for number in range(1, 29)]


def test_every_requirement_is_there_once() -> None:
    found = [name for name, _ in chapters()]

    assert len(set(found)) == len(found)
    assert sorted(set(expected()) - set(found)) == []


def test_every_requirement_has_a_test_a_page_or_a_reason() -> None:
    bare = [
        name
        for name, row in chapters()
        if not row[1].startswith(REASONS) and not is_shown(row) and "](" not in row[-1]
    ]

    assert bare == []


@pytest.mark.parametrize("text", [THREATS, ASVS], ids=["threat-model", "asvs"])
def test_every_link_leads_to_a_page_that_is_there(text: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert target.startswith("https://") or (DOCS / target).resolve().exists(), target
