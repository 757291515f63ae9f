"""The data gate's section of the run's page: figures of the data, and nothing of it that a browser could execute."""

from pathlib import Path

from cli import validate
from lambdas.domain.models.hyperparameters import Recommendation
from lambdas.domain.report.templates import environment
from tests.unit.reports import succeeded_report


def test_section_shows_findings_and_escapes_the_users_words(tmp_path: Path) -> None:
    """File names, labels and messages come from outside: they must stay text."""
    path = tmp_path / "<b onload=x>.jsonl"
    lines = [f'{{"prompt": "Question {n}?", "completion": "{n}"}}' for n in range(60)]
    path.write_text("\n".join([*lines, '{"prompt": "Mail a@example.com?", "completion": "<b>yes</b>"}', ""]))
    choices, faults = validate.choose(None)
    document = validate.validate({"train": path}, choices, faults, opener=lambda each: each.open("rb")).document
    page = environment().get_template("report_data.html.j2").render(dataset=document)
    assert "<b" not in page
    assert "&lt;b onload=x&gt;.jsonl" in page
    assert (document.files[0].sha256 or "-") in page
    assert "personal-data: 1" in page
    assert "61 lines: converted from prompt/completion to bedrock-conversation-2024" in page


def test_section_says_that_the_report_is_missing() -> None:
    """The rest of the page stands without it."""
    assert "is missing" in environment().get_template("report_data.html.j2").render(dataset=None)


def test_page_tells_each_hyperparameter_and_why() -> None:
    """Those of the job whose model was measured; where none is known there is nothing to tell."""
    reason = "Job 2 has the lowest <loss> with it."
    told = Recommendation(name="batchSize", value="8", source="sweep", reason=reason)
    left_out = Recommendation(name="earlyStoppingPatience", value=None, source="default", reason="Left out.")
    template = environment().get_template("report_hyperparameters.html.j2")
    page = template.render(report=succeeded_report(recommended=[told, left_out]))
    for words in ("batchSize", "<td>8</td>", "sweep", "Job 2 has the lowest &lt;loss&gt; with it."):
        assert words in page
    assert "None" not in page
    assert not template.render(report=succeeded_report(recommended=None)).strip()
