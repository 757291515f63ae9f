"""Names: a reader who searches for a class finds one."""

import ast
from collections import defaultdict
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def test_no_public_class_name_stands_for_two_classes() -> None:
    """Two classes of one name make every search, stack trace and import ambiguous."""
    files: defaultdict[str, list[str]] = defaultdict(list)
    for folder in ("lambdas", "cli", "local", "stacks"):
        for path in (CHECKOUT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    files[node.name].append(str(path.relative_to(CHECKOUT)))
    assert files["Run"] == ["lambdas/domain/core/run.py"]
    assert {name: where for name, where in files.items() if len(where) > 1} == {}
