"""A learning curve's candidates, and what is wrong with its sizes: told before anything is spent."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.state_budget import FINDING_BYTES
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.split.parts import Parts, take_parts
from lambdas.domain.models.catalogue import BaseModelEntry, base_model, catalogue
from lambdas.domain.preflight.settings import settings_findings
from lambdas.domain.settings.run_settings import Choices, RunSettings
from lambdas.domain.training.candidates import MOST_CANDIDATES, PlannedVariants, plan_variants
from lambdas.domain.training.learning_curve import (
    LearningCurveSettings,
    asked_sizes,
    explain_sizes,
    training_sizes,
)
from lambdas.domain.training.serve import Serve, is_served
from lambdas.domain.training.sweep import SweepSettings

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0")
NOVA = base_model("amazon.nova-lite-v1:0")
WITHOUT_VALIDATION = base_model("amazon.nova-2-lite-v1:0")
FOUR = {"fractions": [0.125, 0.25, 0.5, 1]}


def parts_of(curve: LearningCurveSettings, records: int, model: BaseModelEntry, group: int = 1) -> Parts:
    """The parts of a training set whose groups have so many records."""
    keys = [str(number // group).encode() for number in range(records)]
    asked = [each.records for each in asked_sizes(curve, records)]
    return take_parts(keys, range(records), asked, seed=0, least=model.limits.train.min_records)


def found(
    model: BaseModelEntry = HAIKU,
    *,
    records: int = 400,
    validation: int = 50,
    group: int = 1,
    most_jobs: int = 12,
    **chosen: object,
) -> list[Finding]:
    settings = RunSettings.model_validate(chosen)
    counts: dict[SetName, int] = {"train": records, "validation": validation, "test": 50}
    parts = parts_of(settings.learning_curve, records, model, group) if settings.learning_curve else Parts((), b"", {})
    return settings_findings(Choices(settings, model), counts, most_jobs=most_jobs, parts=parts)


def told(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(each.check, each.severity) for each in findings]


def planned(sweep: SweepSettings | None, *sizes: int, model: BaseModelEntry = HAIKU) -> PlannedVariants:
    return plan_variants(model, {}, sweep, sizes, validated=True)


def test_a_curve_that_can_be_drawn_has_nothing_wrong() -> None:
    """Four sizes of a set that is large enough for each of them."""
    assert found(learning_curve=FOUR) == []
    assert found(learning_curve=FOUR, serve="all") == []
    assert found(learning_curve={"sizes": [50, 100, 200]}, serve=[1, 4]) == []


def test_candidates_are_the_whole_set_first_then_from_large_to_small_each_with_its_own_values() -> None:
    """Candidate 1 is what a run without a curve trains; AWS's advice goes by the number of training records."""
    variants = planned(None, 4_000, 1_000, 60, model=NOVA).variants
    assert [each.records for each in variants] == [4_000, 1_000, 60]
    assert [each.hyperparameters["learningRateWarmupSteps"] for each in variants] == ["25", "6", "0"]
    assert variants[0] == planned(None, 4_000, model=NOVA).variants[0]


def test_with_a_sweep_each_size_has_its_own() -> None:
    """What is worth varying depends on the size: the batch size of few records, the learning rate of many."""
    variants = planned(SweepSettings(jobs=2), 4_000, 60).variants
    assert [each.records for each in variants] == [4_000, 4_000, 60, 60]
    large, varied_large, small, varied_small = (each.hyperparameters for each in variants)
    assert [name for name in large if large[name] != varied_large[name]] == ["learningRateMultiplier"]
    assert [name for name in small if small[name] != varied_small[name]] == ["batchSize"]


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        (None, "Training sets of 400 and 100 records were tried, each with the values recommended for its size."),
        (SweepSettings(jobs=2, grid={"batchSize": [4]}), "With each: The grid has 1 combinations; all were tried"),
        (SweepSettings(jobs=3), "With 400 records: The recommended values and their neighbours were tried: batchSize"),
    ],
)
def test_note_says_what_was_tried_at_which_size(sweep: SweepSettings | None, words: str) -> None:
    """The report has it beside the candidates."""
    assert words in planned(sweep, 400, 100).note


def test_models_that_were_not_chosen_go_unless_a_sweep_keeps_them() -> None:
    """As without a curve; the only model stays."""
    assert not planned(None, 400, 100).keep_models
    assert planned(SweepSettings(keep_models=True), 400, 100).keep_models
    assert planned(None, 400).keep_models


def test_sizes_above_the_data_are_refused_with_the_largest_that_there_can_be() -> None:
    """The training set is smaller than the file: what is held out is not trained on."""
    findings = found(learning_curve={"sizes": [100, 500, 1_000]})
    assert told(findings) == [("curve-sizes", "error")]
    assert "500 and 1,000 records are asked for; the training set has 400." in findings[0].message
    assert "Ask for at most 400 records" in findings[0].remedy


def test_a_size_below_the_models_minimum_is_left_out_and_told() -> None:
    """The rest of the curve is still worth it."""
    [finding] = found(learning_curve={"fractions": [0.01, 0.05, 0.5]})
    assert (finding.check, finding.severity) == ("curve-sizes", "warning")
    assert "Left out: 0.01 (4 records) and 0.05 (20 records), since Claude 3 Haiku trains on at least 32" in (
        finding.message
    )
    assert "at least 32 records (a fraction of 0.08)" in finding.remedy


def test_sizes_that_give_the_same_records_are_one_candidate_and_told() -> None:
    """Else the same training would be paid for twice."""
    [finding] = found(learning_curve={"fractions": [0.25, 0.2501, 0.5]})
    assert (finding.check, finding.severity) == ("curve-sizes", "warning")
    assert "0.25 and 0.2501 give the same 100 records: one candidate." in finding.message


def test_parts_that_whole_groups_make_much_larger_are_told() -> None:
    """60 records of a table each cannot be divided."""
    findings = found(learning_curve={"sizes": [40, 240]}, group=60)
    assert told(findings) == [("curve-sizes", "warning")]
    assert "60 instead of 40" in findings[0].message


@pytest.mark.parametrize("curve", [{"fractions": [1]}, {"sizes": [400]}, {"fractions": [0.01, 0.02]}])
def test_a_single_size_is_no_curve(curve: dict[str, object]) -> None:
    """It would end in a report without the curve that was asked for."""
    [finding] = [each for each in found(learning_curve=curve) if each.severity == "error"]
    assert finding.check == "curve-sizes"
    assert "A single size is left, the whole training set of 400 records" in finding.message
    assert "Give a size from 32 to 399 records" in finding.remedy


def test_a_set_of_the_models_minimum_has_no_smaller_size() -> None:
    """No advice that cannot be followed."""
    findings = found(learning_curve=FOUR, records=32)
    assert findings[-1].remedy == "Add records, or remove learning_curve."


@pytest.mark.parametrize(
    ("curve", "sweep", "most", "message", "remedy"),
    [
        ({"fractions": [0.1, 0.2, 0.3, 0.4]}, None, 4, "make 5 candidates", "at most 3 sizes beside the whole"),
        ({"fractions": [0.1, 0.2, 0.3, 0.4]}, None, 4, "allows 4", "max_sweep_jobs of the environment to 5"),
        (FOUR, {"jobs": 4}, 4, "4 sizes with up to 4 candidates each make 16", "Remove sweep from run.json."),
        (FOUR, {"jobs": 4}, 12, "allows 12", "at most 2 sizes beside the whole"),
        (FOUR, {"jobs": 4}, 12, "allows 12", "or set sweep.jobs to 3."),
    ],
)
def test_too_many_candidates_are_refused_with_how_to_have_fewer(
    curve: dict[str, object], sweep: dict[str, object] | None, most: int, message: str, remedy: str
) -> None:
    """Each is a job that is paid for."""
    [finding] = found(learning_curve=curve, sweep=sweep, most_jobs=most)
    assert (finding.check, finding.severity) == ("curve-jobs", "error")
    assert message in finding.message
    assert remedy in finding.remedy


@pytest.mark.parametrize(("serve", "unserved"), [("best", "2, 3 and 4 of the 4"), ([3], "2 and 4 of the 4")])
def test_without_validation_losses_each_candidate_is_served(serve: object, unserved: str) -> None:
    """A candidate without a loss and without answers is paid for, and says nothing."""
    [finding] = found(WITHOUT_VALIDATION, validation=0, learning_curve=FOUR, serve=serve)
    assert (finding.check, finding.severity) == ("curve-validation", "error")
    assert "/serve: Nova 2 Lite takes no validation set, so no candidate has a validation loss" in finding.message
    assert unserved in finding.message
    assert finding.remedy == 'Set "serve": "all" in run.json.'


def test_a_model_that_takes_a_validation_set_may_also_get_one() -> None:
    """The second way costs no serving."""
    [finding] = found(validation=0, learning_curve=FOUR)
    assert "/serve: Without a validation set no candidate has a validation loss" in finding.message
    assert "or add a validation set (validation.jsonl, or split.validation above 0)" in finding.remedy


def test_served_all_without_a_validation_set_the_first_is_the_chosen_one_and_told() -> None:
    """The verdict needs one model, and choosing by the test set would flatter it."""
    [finding] = found(WITHOUT_VALIDATION, validation=0, learning_curve=FOUR, serve="all")
    assert (finding.check, finding.severity) == ("curve-validation", "warning")
    assert "the chosen one is candidate 1: the whole training set with the recommended values" in finding.message


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"serve": [2]}, "The run has no candidate 2; it has 1 alone."),
        ({"learning_curve": FOUR, "serve": [9, 4, 5]}, "The run has no candidates 5 and 9; it has 1 to 4."),
        ({"sweep": {"jobs": 2}, "serve": [3]}, "The run has no candidate 3; it has 1 to 2."),
    ],
)
def test_numbers_that_no_candidate_has_are_refused(chosen: dict[str, Any], words: str) -> None:
    """Else the run would serve less than was asked for, and nobody would know."""
    [finding] = found(**chosen)
    assert (finding.check, finding.severity) == ("serve", "error")
    assert words in finding.message


@pytest.mark.parametrize(
    ("serve", "served"), [("best", [2]), ("all", [1, 2, 3]), ([1], [1, 2]), ([2, 2], [2]), ([3, 1], [1, 2, 3])]
)
def test_the_chosen_candidate_is_served_whatever_else_is(serve: Serve, served: list[int]) -> None:
    """The verdict is about it."""
    assert [number for number in (1, 2, 3) if is_served(serve, number, chosen=2)] == served


def test_a_model_that_exists_has_no_curve() -> None:
    """The run trains nothing: what is said of candidates is ignored, and told."""
    model = "arn:aws:bedrock:us-west-2:123456789012:custom-model/amazon.nova-lite-v1:0/abc"
    findings = found(learning_curve={"fractions": [1]}, serve=[7], custom_model=model)
    assert told(findings) == [("curve-sizes", "warning"), ("serve", "warning")]
    assert findings[0].message.startswith("run.json, /learning_curve: It is ignored: custom_model names the only model")
    assert findings[1].remedy == "Remove serve from run.json, or remove custom_model to train."
    assert found(custom_model=model) == []


def test_a_sweep_of_a_model_without_validation_set_is_told_what_can_be_done() -> None:
    """No validation.jsonl helps there."""
    [finding] = [
        each for each in found(WITHOUT_VALIDATION, validation=0, sweep={"jobs": 2}) if each.severity == "error"
    ]
    assert finding.message.startswith("Nova 2 Lite is trained without a validation set")
    assert "validation.jsonl" not in finding.remedy


def test_the_plans_note_has_what_was_left_out() -> None:
    """The report says why a size that was asked for has no point."""
    curve = LearningCurveSettings(fractions=[0.01, 0.25, 0.2501])
    note = explain_sizes(curve, 400, parts_of(curve, 400, HAIKU), HAIKU)
    assert "Left out: 0.01 (4 records)" in note
    assert "give the same 100 records" in note


CURVES = st.one_of(
    st.lists(st.floats(0, 1, exclude_min=True), min_size=1, max_size=12).map(lambda each: {"fractions": each}),
    st.lists(st.integers(1, 10**9), min_size=1, max_size=12).map(lambda each: {"sizes": each}),
    st.lists(st.integers(20, 300), min_size=1, max_size=6).map(lambda each: {"sizes": each}),
)


@given(
    CURVES,
    st.sampled_from(catalogue()),
    st.integers(100, 400),
    st.integers(1, 9),
    st.sampled_from([None, {"jobs": 2}, {"jobs": 12}]),
    st.booleans(),
)
def test_a_curve_that_nothing_refuses_can_be_trained_and_compared(
    chosen: dict[str, Any],
    model: BaseModelEntry,
    records: int,
    group: int,
    sweep: dict[str, int] | None,
    is_validated: bool,
) -> None:
    """Whatever is asked for: several sizes that the model takes are left, and no more candidates than allowed."""
    findings = found(
        model,
        records=records,
        validation=50 if is_validated else 0,
        group=group,
        most_jobs=8,
        learning_curve=chosen,
        sweep=sweep,
    )
    assert all(len(each.message.encode()) <= FINDING_BYTES for each in findings)
    assert all(each.remedy for each in findings)
    if any(each.severity == "error" for each in findings):
        return
    assert is_validated
    sizes = training_sizes(records, parts_of(LearningCurveSettings(**chosen), records, model, group))
    assert len(sizes) > 1
    assert sizes == sorted(set(sizes), reverse=True)
    assert all(model.limits.train.min_records <= size <= records for size in sizes)
    variants = plan_variants(
        model, {}, SweepSettings.model_validate(sweep) if sweep else None, sizes, validated=is_validated
    ).variants
    assert len(variants) <= min(8, MOST_CANDIDATES)
    assert variants == list({str(each): each for each in variants}.values())
