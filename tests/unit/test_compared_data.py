"""Candidates of several data sets: the same in all but their data, and the sets that curation makes for them."""

import re
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.core.finding import Finding
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.dataset.planned_set import TrainingData, TrainingSet
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.models.catalogue import base_model
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.training_sets import with_training_sets
from lambdas.domain.preflight.settings import settings_findings
from lambdas.domain.settings.curated import chosen_serve, plan_curation, trained_data
from lambdas.domain.settings.run_limits import RunLimits
from lambdas.domain.settings.run_settings import Choices, RunSettings, choose
from lambdas.domain.training.candidates import MOST_CANDIDATES, Candidate, number_candidates, plan_variants
from lambdas.domain.training.sweep import SweepSettings
from tests.unit.run_states import make_plan
from tests.unit.test_cost import PRICES, TRAINING_SET, usd
from tests.unit.test_cost import plan as priced
from tests.unit.test_curation_cost import EXAMPLE, gate, planned

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0")
NOVA = base_model("amazon.nova-lite-v1:0")
ALL_DATA: tuple[TrainingData, ...] = get_args(TrainingData)
CLEAN = {"judges": ["amazon.nova-pro-v1:0"], "mode": "remove"}
SYNTHESIS = {"teacher": "anthropic.claude-sonnet-4-6", "checker": "amazon.nova-pro-v1:0", "terms_accepted": True}


def settings(**chosen: Any) -> RunSettings:
    return RunSettings.model_validate({"clean": CLEAN, "synthesis": SYNTHESIS, **chosen})


def set_of(data: TrainingData, records: int = 40) -> TrainingSet:
    return TrainingSet(uri=f"s3://out/train-{data}.jsonl", records=records, tokens=100 * records, data=data)


def plan_of(*data: TrainingData) -> Plan:
    """A plan with a candidate for each data set, all with the split's training set until the curation is over."""
    plan = make_plan(len(data))
    for each, one in zip(plan["candidates"], data, strict=True):
        each["training_set"] = {**each["training_set"], "data": one}
    return Plan.parse(plan)


@given(
    st.sampled_from([each for size in (2, 3) for each in combinations(ALL_DATA, size)]),
    st.one_of(st.none(), st.integers(2, 12)),
    st.integers(32, 5_000),
    st.booleans(),
    st.dictionaries(st.sampled_from(["epochCount", "learningRateMultiplier"]), st.just(1)),
)
def test_each_data_set_has_the_same_candidates(
    data: tuple[TrainingData, ...], jobs: int | None, records: int, is_validated: bool, chosen: dict[str, object]
) -> None:
    """They differ in their data alone: else a better score says nothing of the data."""
    sweep = SweepSettings(jobs=jobs) if jobs else None
    planned = plan_variants(HAIKU, chosen, sweep, [records], data, validated=is_validated)
    of_data = {one: [each.hyperparameters for each in planned.variants if each.data == one] for one in data}
    alone = plan_variants(HAIKU, chosen, sweep, [records], validated=is_validated)
    assert [*of_data.values()] == [[each.hyperparameters for each in alone.variants]] * len(data)
    assert {each.records for each in planned.variants} == {records}
    assert [each.data for each in planned.variants] == sorted((each.data for each in planned.variants), key=data.index)
    assert not planned.keep_models


def test_values_are_those_recommended_for_the_original_records_and_the_note_says_it() -> None:
    """The same whichever sets are compared, and known before anything is curated."""
    planned = plan_variants(NOVA, {}, None, [4_000], ["original", "synthetic"], validated=True)
    assert {each.hyperparameters["learningRateWarmupSteps"] for each in planned.variants} == {"25"}
    assert planned.note == (
        "The data sets original and synthetic were compared, with equal hyperparameters; what run.json does not set is "
        "what is recommended for the 4,000 original records."
    )


def test_note_of_a_sweep_says_what_was_tried_with_each_data_set() -> None:
    """The report has it beside the candidates."""
    planned = plan_variants(HAIKU, {}, SweepSettings(jobs=2), [4_000], ["original", "cleaned"], validated=True)
    assert planned.note.endswith(
        "With each: The recommended values and their neighbours were tried: learningRateMultiplier."
    )
    alone = plan_variants(HAIKU, {}, None, [4_000], ["cleaned"], validated=True)
    assert alone.note == (
        "Trained on the data set cleaned; what run.json does not set is what is recommended for the 4,000 original "
        "records."
    )
    assert alone.keep_models


def test_candidates_are_numbered_with_the_data_that_they_train_on() -> None:
    """Their records are the split's until the curation is over."""
    planned = plan_variants(HAIKU, {}, None, [40], ["original", "synthetic"], validated=True)
    candidates = number_candidates(planned, [set_of("original")])
    assert [(each.number, each.training_set.data, each.training_set.records) for each in candidates] == [
        (1, "original", 40),
        (2, "synthetic", 40),
    ]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"compare": ["synthetic", "cleaned", "original"]}, ["original", "cleaned", "synthetic"]),
        ({"compare": ["original", "synthetic"]}, ["original", "synthetic"]),
        ({}, ["synthetic"]),
        ({"synthesis": None}, ["cleaned"]),
        ({"synthesis": None, "clean": {**CLEAN, "mode": "report"}}, ["original"]),
        ({"synthesis": None, "clean": None}, ["original"]),
    ],
)
def test_data_are_compared_in_the_order_of_their_making_and_the_last_one_counts_alone(
    chosen: dict[str, Any], expected: list[str]
) -> None:
    """Candidate 1 is the one that nobody has changed, wherever run.json has it."""
    assert trained_data(settings(**chosen)) == expected
    curation = plan_curation(settings(**chosen))
    assert curation is None or curation.trained == expected


def test_all_candidates_of_compared_data_are_served_unless_run_json_says_which() -> None:
    """Only tested candidates can say which data won."""
    assert chosen_serve(settings(compare=["original", "synthetic"])) == "all"
    assert chosen_serve(settings(compare=["original", "synthetic"], serve=[1, 2])) == [1, 2]
    assert chosen_serve(settings()) == "best"


def test_candidates_get_the_sets_of_their_data() -> None:
    """Several candidates of a sweep share one set; hyperparameters stay."""
    plan = plan_of("original", "synthetic", "synthetic")
    found = with_training_sets(plan, {"original": set_of("original"), "synthetic": set_of("synthetic", 160)})
    assert [each.training_set.uri for each in found.candidates] == [
        "s3://out/train-original.jsonl",
        "s3://out/train-synthetic.jsonl",
        "s3://out/train-synthetic.jsonl",
    ]
    assert [each.training_set.records for each in found.candidates] == [40, 160, 160]
    assert [each.hyperparameters for each in found.candidates] == [each.hyperparameters for each in plan.candidates]
    assert found.dataset == plan.dataset


def test_a_candidate_without_its_set_or_with_another_ones_is_refused() -> None:
    """It would train on records that nobody has cleaned, and be called the cleaned one."""
    with pytest.raises(ValueError, match="No training set has the data synthetic"):
        with_training_sets(plan_of("original", "synthetic"), {"original": set_of("original")})
    with pytest.raises(ValueError, match="'cleaned' has the data 'original'"):
        with_training_sets(plan_of("cleaned"), {"cleaned": set_of("original")})


def found(*, records: int = 400, validation: int = 50, most_jobs: int = 12, **chosen: Any) -> list[Finding]:
    counts: dict[SetName, int] = {"train": records, "validation": validation, "test": 50}
    return settings_findings(Choices(settings(**chosen), HAIKU), counts, most_jobs=most_jobs)


@given(st.sampled_from([("original", "synthetic"), ALL_DATA]), st.integers(2, 12), st.integers(1, 12))
def test_no_more_candidates_are_planned_than_the_environment_allows(
    data: tuple[TrainingData, ...], jobs: int, most_jobs: int
) -> None:
    """What is refused has a way out that is not refused."""
    findings = found(compare=[*data], sweep={"jobs": jobs}, most_jobs=most_jobs)
    planned = plan_variants(HAIKU, {}, SweepSettings(jobs=jobs), [400], data, validated=True).variants
    is_refused = len(planned) > min(most_jobs, MOST_CANDIDATES)
    assert [each.check for each in findings] == ["compare"] * is_refused
    assert all(each.remedy.endswith(".") and len(each.remedy) > 1 for each in findings)
    if is_refused and (said := re.search(r"[Ss]et sweep.jobs to (\d+)", findings[0].remedy)):
        assert not found(compare=[*data], sweep={"jobs": int(said[1])}, most_jobs=most_jobs)
    if is_refused and "emove sweep from run.json or" in findings[0].remedy:
        assert not found(compare=[*data], most_jobs=most_jobs)
    if is_refused and (said := re.search(r"max_sweep_jobs of the environment to (\d+)", findings[0].remedy)):
        is_swept = "emove sweep" not in findings[0].remedy
        sweep = {"jobs": jobs} if is_swept else None
        assert not found(compare=[*data], sweep=sweep, most_jobs=int(said[1]))


def test_without_a_sweep_too_many_data_sets_are_told_with_a_smaller_comparison() -> None:
    """The environment's own limit is the other way out."""
    [finding] = found(compare=[*ALL_DATA], most_jobs=2)
    assert finding.message == (
        "run.json, /compare: 3 data sets make 3 candidates, each of which is a job; this environment allows 2."
    )
    assert finding.remedy == "Compare two data sets or set max_sweep_jobs of the environment to 3."


def test_without_a_validation_set_the_first_data_set_is_chosen_and_told() -> None:
    """All are tested: which data won is known all the same."""
    [finding] = found(compare=["original", "synthetic"], validation=0)
    assert finding.severity == "warning"
    assert "candidate 1: the data set original with the recommended values. The verdict is about it." in finding.message


def test_a_mistake_in_the_base_model_hides_no_other_and_adds_none() -> None:
    """The candidates of a model that nobody knows are not judged."""
    text = {"base_model": "no-model", "clean": CLEAN, "compare": ["original", "cleaned"], "serve": "all"}
    choices, wrong = choose(orjson.dumps(text), HAIKU.customization_id, RunLimits(max_model_units=1))
    assert [each.pointer for each in wrong] == ["/base_model"]
    assert not settings_findings(choices, {"train": 400, "validation": 50, "test": 50}, most_jobs=1)


@given(st.sampled_from([("original", "synthetic"), ALL_DATA]), st.integers(1, 4))
def test_each_candidate_of_each_data_set_pays_for_its_own_training_and_serving(
    data: tuple[TrainingData, ...], jobs: int
) -> None:
    """What is compared is told before it is paid for."""
    alone = estimate(priced(jobs=jobs), PRICES)
    sets = [TRAINING_SET.model_copy(update={"data": one}) for one in data for _ in range(jobs)]
    candidates = [
        Candidate(number=number, hyperparameters={"epochCount": "2"}, training_set=each)
        for number, each in enumerate(sets, start=1)
    ]
    found = estimate(priced(candidates=candidates, serve="all"), PRICES)
    assert usd(found)["training"] == pytest.approx(len(data) * (usd(alone)["training"] or 0))
    assert usd(found)["throughput"] == pytest.approx(len(candidates) * (usd(alone)["throughput"] or 0))
    assert [row.data for row in found.candidates] == [each.data for each in sets]
    assert all(row.served and row.serving_usd for row in found.candidates)


def test_a_run_that_compares_has_its_candidates_and_all_of_them_served(tmp_path: Path) -> None:
    """From the data set and the run.json to the plan, without a word about serve."""
    lines = EXAMPLE.read_text().splitlines()
    plan = planned(gate(lines, tmp_path, clean=CLEAN, synthesis=SYNTHESIS, compare=["synthetic", "original"]))
    assert [(each.number, each.training_set.data) for each in plan.candidates] == [(1, "original"), (2, "synthetic")]
    assert len({str(each.hyperparameters) for each in plan.candidates}) == 1
    assert (plan.serve, plan.shards.candidates) == ("all", "runs/a/shards/candidates.jsonl")
    assert plan.candidates_note.startswith("The data sets original and synthetic were compared, with equal hyper")
    assert not plan.learning_curve
    assert not plan.keep_models
