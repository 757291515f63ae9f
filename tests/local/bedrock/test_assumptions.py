"""The register of assumptions and the tests name the same ids, and docs/simulated-bedrock.md is drawn from it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from local.bedrock.assumptions import Assumption, Status, by_id, read_register
from local.bedrock.assumptions.__main__ import BEGIN, END, main

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "tests"
PAGE = ROOT / "docs" / "simulated-bedrock.md"
MARKER = "pytest.mark.assumption"


def named_ids(source: str) -> Iterator[str]:
    """The ids in a module's markers, on a test, a class or the module; each stands there as a text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == MARKER:
            assert node.args, f"{MARKER} without an id"
            yield from (ast.literal_eval(argument) for argument in node.args)


def test_each_assumption_has_a_test_and_each_test_an_assumption() -> None:
    """An assumption that no test shows is a guess about the code, too; a test's id must lead a reader to its source."""
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(TESTS.rglob("test_*.py"))}
    named = {
        id_
        for source in sources.values()
        if f"@{MARKER}" in source or f"= {MARKER}" in source
        for id_ in named_ids(source)
    }
    known = by_id(read_register()).keys()
    assert sorted(named - known) == [], "tests name these; local/bedrock/assumptions does not have them"
    assert sorted(known - named) == [], "local/bedrock/assumptions has these; no test names them"


def test_ids_are_found_on_tests_classes_and_modules() -> None:
    """What the comparison does not find it would not compare."""
    source = f"""
pytestmark = {MARKER}("of-the-module")
@{MARKER}("of-the-class")
class TestOne:
    @{MARKER}("first", "second")
    def test_one(self): ...
"""
    assert set(named_ids(source)) == {"of-the-module", "of-the-class", "first", "second"}


def test_page_is_drawn_from_the_register() -> None:
    """A reader of the page must see what the tests rest on today."""
    main(["--check", str(PAGE)])


@pytest.mark.parametrize("status", [Status.ASSUMED, Status.REPORTED])
def test_what_may_be_wrong_says_what_happens_then(status: Status) -> None:
    """Whoever meets the real Bedrock must know what to expect of the pipeline."""
    facts = {
        "id": "an-id",
        "statement": "Something that Bedrock does.",
        "source": "a thread",
        "date": "2026-11-28",
    }
    with pytest.raises(ValidationError, match="if_wrong"):
        Assumption.model_validate({**facts, "status": status})
    Assumption.model_validate({**facts, "status": Status.DOCUMENTED})
    Assumption.model_validate({**facts, "status": status, "if_wrong": "The run ends with its words."})


def test_an_id_that_stands_in_two_files_is_refused(tmp_path: Path) -> None:
    """A test that names it would mean either of them."""
    table = (
        '[one]\nstatement = "Something that Bedrock does."\nstatus = "documented"\nsource = "a"\ndate = 2026-11-28\n'
    )
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(f'title = "{name}"\n{table}')
    with pytest.raises(ValueError, match="one"):
        read_register(tmp_path)


def test_stale_tables_are_refused_and_renewed(tmp_path: Path) -> None:
    """The check fails with the command that repairs it, and the command leaves the rest of the page alone."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    with pytest.raises(SystemExit, match="make assumptions"):
        main(["--check", str(page)])
    main(["--write", str(page)])
    main(["--check", str(page)])
    assert page.read_text().startswith(f"before\n{BEGIN}\n| subject | seen live | documented |")
    assert page.read_text().endswith(f"|\n{END}\nafter\n")
    page.write_text("no markers\n")
    with pytest.raises(SystemExit, match="markers"):
        main(["--write", str(page)])
