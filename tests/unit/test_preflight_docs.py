"""docs/preflight.md names each check as the code does."""

from pathlib import Path

from lambdas.domain.preflight.checks import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "preflight.md").read_text()


def test_page_lists_the_checks_in_their_own_words_and_no_others() -> None:
    """A person looks a finding up there; a renamed check must not live on in the documentation."""
    table = PAGE.split("| check | what it asks |\n| --- | --- |\n", 1)[1].split("\n\n", 1)[0]
    assert table.splitlines() == [f"| `{check}` | {asks} |" for check, asks in CHECKS.items()]
