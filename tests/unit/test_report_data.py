"""The data gate's section of the run's page: figures of the data, and nothing of it that a browser could execute."""

from pathlib import Path

from lambdas.domain.report_page import _environment
from local import validate


def test_section_shows_findings_and_escapes_the_users_words(tmp_path: Path) -> None:
    """File names, labels and messages come from outside: they must stay text."""
    path = tmp_path / "<b onload=x>.jsonl"
    lines = [f'{{"prompt": "Question {n}?", "completion": "{n}"}}' for n in range(60)]
    path.write_text("\n".join([*lines, '{"prompt": "Mail a@example.com?", "completion": "<b>yes</b>"}', ""]))
    choices, faults = validate.choose(None)
    document = validate.validate({"train": path}, choices, faults, opener=lambda each: each.open("rb")).document
    page = _environment().get_template("report_data.html.j2").render(dataset=document)
    assert "<b" not in page
    assert "&lt;b onload=x&gt;.jsonl" in page
    assert document["files"][0]["sha256"] in page
    assert "personal-data: 1" in page
    assert "61 lines: converted from prompt/completion to messages" in page


def test_section_says_that_the_report_is_missing() -> None:
    """The rest of the page stands without it."""
    assert "is missing" in _environment().get_template("report_data.html.j2").render(dataset={})
