"""What a run's report, page and messages say of training data that models checked and wrote."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from lambdas.domain.curation.cleaning import CleanedRecord, CleaningCounts, JudgeCheck
from lambdas.domain.curation.curation import Curation
from lambdas.domain.curation.prompts import prompt_checksums
from lambdas.domain.curation.settings import CleanSettings, SynthesisSettings
from lambdas.domain.curation.synthesis import Reached, SynthesisFunnel, WrittenPair
from lambdas.domain.curation.trouble import ModelTrouble
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.evaluation.questions import Message, Question
from lambdas.domain.report.assemble import assemble_failure, curation_lineage
from lambdas.domain.report.charts import funnel as draw_funnel
from lambdas.domain.report.curation_samples import (
    NO_SAMPLES,
    CurationSamples,
    choose_pairs,
    choose_records,
    make_samples,
    spread,
)
from lambdas.domain.report.curation_words import SIMULATION, tell_cleaning, tell_curation, tell_synthesis
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.report.run_report import CurationLineage, SucceededReport
from lambdas.domain.report.success_message import success_message
from tests.unit.reports import succeeded_report
from tests.unit.test_cost import plan
from tests.unit.test_page import section

HAIKU, NOVA = "us.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-pro-v1:0"
CLEANING = CleaningCounts(
    judged=1_420, incorrect=37, removed=37, unreadable=4, held_out_judged=180, held_out_incorrect=5
)
FUNNEL = SynthesisFunnel(asked=1_500, parsed=1_490, new=1_400, grounded=1_100, answerable=1_050, kept=1_040)
CURATION = Curation(
    clean=CleanSettings(judges=[NOVA, HAIKU], mode="remove"),
    synthesis=SynthesisSettings(teacher=HAIKU, checker=NOVA, terms_accepted=True),
    status="done",
    cleaning=CLEANING,
    funnel=FUNNEL,
)


def checked(
    index: int, set_name: SetName = "train", reason: str = "The table has 12.", **changes: object
) -> CleanedRecord:
    """A record that both judges call incorrect."""
    checks = [
        JudgeCheck(
            judge=judge,
            prompt="check-v2",
            judgement="incorrect",
            reason=reason,
            error=None,
            input_tokens=1,
            output_tokens=1,
        )
        for judge in (NOVA, HAIKU)
    ]
    known = {"set": set_name, "index": index, "verdict": "incorrect", "removed": set_name == "train", "checks": checks}
    return CleanedRecord.model_validate(known | changes)


def written(number: int, reached: Reached, **changes: object) -> WrittenPair:
    """A pair about a document."""
    known = {"document": "d", "number": number, "reached": reached, "teacher": HAIKU, "checker": NOVA, "prompts": []}
    return WrittenPair.model_validate(known | changes)


def asked(prompt: str = "How many?", answer: str = "12") -> Question:
    return Question(0, None, (Message(role="user", content=prompt),), answer)


def report(**changes: object) -> SucceededReport:
    """A simulated run whose training set was cleaned and added to."""
    made = succeeded_report(cleaning=CLEANING, synthesis=FUNNEL, **changes)
    return made.model_copy(update={"lineage": made.lineage.model_copy(update={"curation": curation_lineage(CURATION)})})


def page_of(samples: CurationSamples = NO_SAMPLES, **changes: object) -> str:
    return render_page(report(**changes), Materials({}, {}, None, samples))


def test_report_has_the_counts_of_both_stages_whether_the_run_succeeds_or_not() -> None:
    """A run that fails later has paid for them all the same."""
    facts = RunFacts("a", plan=plan().model_copy(update={"curation": CURATION}))
    failed = assemble_failure(facts, "CustomizationFailed", "It failed.").dump()
    assert failed["cleaning"] == {
        "judged": 1420,
        "incorrect": 37,
        "removed": 37,
        "unreadable": 4,
        "held_out_judged": 180,
        "held_out_incorrect": 5,
    }
    assert failed["synthesis"] == dict(zip(FUNNEL.model_dump(), (1500, 1490, 1400, 1100, 1050, 1040), strict=True))
    nothing = assemble_failure(replace(facts, plan=plan()), "CustomizationFailed", "It failed.")
    assert (nothing.cleaning, nothing.synthesis) == (None, None)


def test_lineage_names_models_and_prompts_by_their_checksums() -> None:
    """Two runs that asked differently must not look the same."""
    found = curation_lineage(CURATION)
    assert isinstance(found, CurationLineage)
    assert {each.name: each.sha256 for each in found.prompts} == prompt_checksums()
    only = curation_lineage(Curation(clean=CURATION.clean))
    assert only is not None
    assert [each.name for each in only.prompts] == ["check-v2"]
    assert curation_lineage(None) is None
    lineage = section(page_of(), "Lineage")
    for words in (HAIKU, "teacher", "3 pairs a document", prompt_checksums()["write-v2"]):
        assert words in lineage


def test_page_draws_the_funnel_and_tells_what_was_lost_where() -> None:
    """A stage that loses much says what is wrong: documents, teacher or checker."""
    found = section(page_of(), "Training data")
    drawn = found.partition("</svg>")[0]
    for name, count in (("asked", "1,500"), ("grounded", "1,100"), ("kept", "1,040")):
        assert f"{name}, {count}</text>" in drawn
    rows = re.findall(r'<tr><th scope="row">(\w+)</th><td>([\d,]+)</td><td>([^<]+)</td>', found)
    assert [(name, lost) for name, _, lost in rows] == [
        ("asked", "–"),  # noqa: RUF001 - an en dash is meant
        ("parsed", "10"),
        ("new", "90"),
        ("grounded", "300"),
        ("answerable", "50"),
        ("kept", "10"),
    ]
    assert "most are lost where a pair must be grounded (300)" in found
    assert SIMULATION in found
    assert f"Judged by {NOVA} and {HAIKU}: <code>dataset/cleaning.jsonl</code>" in found
    assert f"Written by {HAIKU}, checked by {NOVA}: <code>dataset/synthesis.jsonl</code>" in found
    assert SIMULATION not in page_of(simulated=False)
    assert "Training data</h2>" not in render_page(succeeded_report(), Materials({}, {}, None))


def test_page_shows_removed_records_with_each_judges_reason_and_escapes_them() -> None:
    """A person looks at some of what no model may decide alone; texts of data and models are never markup."""
    evil = "<script>alert(1)</script>"
    questions: Mapping[tuple[SetName, int], Question] = {
        ("train", 6): asked(f"{evil} prompt", f"{evil} answer"),
        ("test", 3): asked("held out?"),
    }
    records = [checked(6, reason=f"{evil} reason"), checked(3, "test")]
    pairs = [
        written(1, "kept", question=f"{evil} new", answer="7"),
        written(2, "grounded", question="lost?", reason=f"The checker answers otherwise: {evil}"),
    ]
    found = section(page_of(make_samples(records, questions, pairs)), "Training data")
    assert "<script" not in found
    assert found.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 6
    assert "train.jsonl, line 7, removed" in found
    assert "test.jsonl, line 4</h4>" in found
    assert "nova-pro: incorrect" in found
    assert "Training records that the judges call incorrect: 1 of 37" in found
    assert "Validation and test records that the judges call incorrect: 1 of 5" in found
    assert "Pairs that were left out: 1 of 460" in found
    assert "no model chooses what a model is tested on" in found


def test_at_most_20_records_from_all_over_the_set_are_shown_and_long_texts_are_cut() -> None:
    """A page that a browser cannot open shows nothing."""
    lines = [checked(at) for at in range(1_000)] + [checked(at, "test") for at in range(100)]
    chosen = choose_records([*lines, checked(2_000, verdict="correct", removed=False)])
    assert sorted(index for name, index in chosen if name == "train") == list(range(0, 1_000, 50))
    assert sum(name == "test" for name, _ in chosen) == 10
    long = "word " * 100_000
    samples = make_samples(
        [checked(at, reason=long[:2_000]) for at in range(20)],
        {("train", at): asked(long, long) for at in range(20)},
        [written(at, "kept", question=long, answer=long, reason=long) for at in range(10)],
    )
    assert len(page_of(samples)) < 300_000
    pairs = [written(at, "kept" if at % 2 else "asked") for at in range(100)]
    assert len(choose_pairs(pairs)) == 20
    assert spread([1, 2], 20) == [1, 2]


def test_a_judge_that_did_not_reply_is_named_with_its_error() -> None:
    """Not as if its replies could not be read."""
    trouble = ModelTrouble(model=NOVA, error="AccessDeniedException: no access to the model", asks=40)
    counts = CleaningCounts(judged=40, incorrect=0, removed=0, unreadable=40, trouble=trouble)
    assert tell_cleaning(counts) == (
        "Judges call 0 of 40 training records incorrect: none is removed; 40 without a judgement that can be read stay "
        f"({NOVA} gave no reply to 40 questions: AccessDeniedException: no access to the model)."
    )


def test_message_and_terminal_tell_the_counts() -> None:
    """Most people read nothing else."""
    said = list(tell_curation(report()))
    assert said[0] == (
        "Judges call 37 of 1,420 training records incorrect: 37 removed; 4 without a judgement that can be read stay."
    )
    assert said[1].startswith("They call 5 of 180 validation and test records incorrect. Those stay")
    assert said[2] == (
        "Of 1,500 pairs that the teacher was asked for, 1,040 (69%) are kept; most are lost where a pair must be "
        "grounded (300)."
    )
    message = success_message(report(), "s3://out/report.html").message
    assert all(sentence in message for sentence in said)
    assert "Judges call" not in success_message(succeeded_report(), "s3://out/report.html").message
    whole = SynthesisFunnel(**dict.fromkeys(FUNNEL.model_dump(), 3))
    assert tell_synthesis(whole) == "Of 3 pairs that the teacher was asked for, 3 (100%) are kept."


@pytest.mark.parametrize("counts", [[], [("asked", 0), ("kept", 0)], [("asked", 1), ("kept", 0)]])
def test_funnel_is_drawn_of_any_counts(counts: list[tuple[str, int]]) -> None:
    """Not even an empty one may cost the run its page."""
    assert draw_funnel("Pairs", counts).startswith("<svg")
