from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent


def rows(seed: str, numbers: str) -> list[str]:
    """`rows("S0", "1-3 7")` is S0-01, S0-02, S0-03, S0-07."""
    spans = (part.partition("-")[::2] for part in numbers.split())
    return [f"{seed}-{number:02}" for first, last in spans for number in range(int(first), int(last or first) + 1)]


BUILT = rows("S0", "1-44") + rows("S1", "1-25") + rows("S2", "1-19") + rows("S3", "1-35") + rows("S4", "1-37")
"""The rows of what the product does by now; the others belong to what is not built yet."""


def named_rows() -> Iterator[str]:
    """Every row that a test is marked with."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _is_mark(node.func):
                yield from (
                    argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                )


def _is_mark(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr == "row" and ast.unparse(called) == "pytest.mark.row"


def test_every_row_of_what_is_built_is_named_by_a_test() -> None:
    missing = sorted(set(BUILT) - set(named_rows()))
    assert not missing, f"no test names {', '.join(missing)}"


def test_no_test_names_a_row_that_does_not_exist() -> None:
    known = set(rows("S0", "1-44") + rows("S1", "1-25") + rows("S2", "1-19") + rows("S3", "1-35") + rows("S4", "1-37"))
    assert set(named_rows()) <= known
