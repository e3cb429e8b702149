"""What the linters do not check: files and functions that fit in the eye."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
# Whoever checks an export gets one file, to read from top to bottom and to run anywhere.
LONGER = {"audit/verify.py"}
APPS = ("accounts", "audit", "config", "consent")
FILES = [
    path
    for app in APPS
    for path in sorted((settings.BASE_DIR / app).rglob("*.py"))
    if "migrations" not in path.parts
]


def name_of(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_fits_in_the_eye(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= LONGEST_FILE or name_of(path) in LONGER
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = lines_of(node)
            assert length <= LONGEST_FUNCTION, f"{name_of(path)}:{node.lineno} {node.name}"


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count what has to be read to follow it: neither the signature nor the docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1
