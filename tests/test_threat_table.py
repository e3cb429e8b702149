"""The table in docs/audit-log.md says which test shows each line; that test exists."""

import ast
import re

import pytest
from django.conf import settings

TABLE = (settings.BASE_DIR / "docs" / "audit-log.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)*)`", TABLE)))
THREATS = TABLE.partition("## What detects what")[2].partition("\n## ")[0]
ROWS = [line.split(" | ") for line in THREATS.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_is_named_exists(named: str) -> None:
    file, *names = named.split("::")
    scope: ast.AST = ast.parse((settings.BASE_DIR / file).read_text(encoding="utf-8"))
    for name in names:
        inside = {
            node.name: node
            for node in ast.iter_child_nodes(scope)
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
        }
        scope = inside[name]


def test_every_line_names_one() -> None:
    _heading, *threats = ROWS

    assert len(threats) > 10
    assert [row[0] for row in threats if "`tests/" not in row[-1]] == []
