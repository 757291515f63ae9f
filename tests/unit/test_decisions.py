"""docs/decisions/README.md lists every decision."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
ROW = re.compile(r"^\| \[(.+)\]\(([^)]+)\) \| \d{4}-\d\d-\d\d \| (in force|replaced by \[.+\]\(.+\)) \|$", re.MULTILINE)


def test_each_decision_is_listed_by_its_title_with_date_and_status() -> None:
    """A decision that nobody finds is made again."""
    listed = [(file, title) for title, file, _ in ROW.findall((FOLDER / "README.md").read_text())]
    titles = {file.name: file.read_text().splitlines()[0].removeprefix("# ") for file in FOLDER.glob("*.md")}
    del titles["README.md"]
    assert sorted(listed) == sorted(titles.items())
