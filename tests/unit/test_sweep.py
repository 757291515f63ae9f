"""A sweep's candidates: the recommended values first, all of them allowed, none twice; and what is wrong with one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.models import hyperparameters
from lambdas.domain.models.catalogue import BaseModelEntry, base_model, catalogue
from lambdas.domain.training.sweep import SweepSettings, findings, vary_hyperparameters

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0")
RATE = "learningRateMultiplier"
MODELS = st.sampled_from(catalogue())


def tried(model: BaseModelEntry, sweep: SweepSettings, records: int, **chosen: object) -> list[dict[str, str]]:
    return vary_hyperparameters(model, chosen, sweep, records, validated=True).hyperparameters


def varied(jobs: list[dict[str, str]]) -> list[dict[str, str]]:
    """What each job has otherwise than the first."""
    return [{name: value for name, value in one.items() if value != jobs[0][name]} for one in jobs[1:]]


@given(MODELS, st.integers(2, 12), st.integers(1, 20_000))
def test_neighbours_are_allowed_different_and_headed_by_the_recommended(
    model: BaseModelEntry, jobs: int, records: int
) -> None:
    """A job twice is money for nothing, one out of range is refused; the first shows what no sweep would have given."""
    found = vary_hyperparameters(model, {}, SweepSettings(jobs=jobs), records, validated=True)
    values = found.hyperparameters
    assert 2 <= len(values) <= jobs
    assert values[0] == vary_hyperparameters(model, {}, None, records, validated=True).hyperparameters[0]
    assert all(not hyperparameters.findings(model, one) for one in values)
    assert all(one not in values[:place] for place, one in enumerate(values))
    assert all(len(changes) == 1 for changes in varied(values))


@given(st.data(), MODELS, st.integers(2, 12), st.integers(1, 20_000))
def test_of_any_grid_at_most_the_jobs_are_tried_and_the_same_ones_each_time(
    data: st.DataObject, model: BaseModelEntry, jobs: int, records: int
) -> None:
    """A run that is repeated after a lost answer must not start other jobs than before."""
    names = data.draw(st.lists(st.sampled_from(sorted(model.hyperparameters)), min_size=1, unique=True))
    value = {name: st.floats(spec.minimum, spec.maximum) for name, spec in model.hyperparameters.items()}
    grid: dict[str, list[object]] = {
        name: [
            round(one) if model.hyperparameters[name].type == "integer" else one
            for one in data.draw(st.lists(value[name], min_size=1, max_size=3))
        ]
        for name in names
    }
    sweep = SweepSettings(jobs=jobs, grid=grid)
    values = tried(model, sweep, records)
    assert 1 <= len(values) <= jobs
    assert values == tried(model, sweep, records)
    assert all(one not in values[:place] for place, one in enumerate(values))
    combinations = {tuple(sorted(one.items())) for one in tried(model, SweepSettings(jobs=12, grid=grid), records)}
    if len(combinations) < jobs:
        assert {tuple(sorted(one.items())) for one in values} == combinations


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (20, [{"epochCount": "2"}, {"epochCount": "8"}, {"epochCount": "1"}]),
        (60, [{"batchSize": "4"}, {"batchSize": "16"}, {"batchSize": "32"}]),
        (400, [{"batchSize": "4"}, {RATE: "0.5"}, {"batchSize": "16"}]),
        (4000, [{RATE: "0.5"}, {RATE: "2"}, {RATE: "0.25"}]),
    ],
)
def test_what_is_varied_follows_the_size_of_the_training_set(records: int, expected: list[dict[str, str]]) -> None:
    """The seeds' experience: the batch size of small sets, the learning rate of large ones, epochs of the smallest."""
    assert varied(tried(HAIKU, SweepSettings(jobs=4), records)) == expected


def test_the_learning_rate_has_each_models_own_name() -> None:
    """Nova's is no multiplier, and it has no batch size."""
    nova = base_model("amazon.nova-micro-v1:0")
    assert {name for one in varied(tried(nova, SweepSettings(jobs=4), 4000)) for name in one} == {"learningRate"}
    assert {name for one in varied(tried(nova, SweepSettings(jobs=4), 400)) for name in one} == {"learningRate"}


def test_what_run_json_sets_is_not_varied() -> None:
    """Who fixes a value has chosen it."""
    jobs = tried(HAIKU, SweepSettings(jobs=4), 60, batchSize=64)
    assert {one["batchSize"] for one in jobs} == {"64"}
    assert {name for one in varied(jobs) for name in one} == {"epochCount"}


def test_a_larger_grid_is_tried_evenly_spread_and_says_so() -> None:
    """The first corner of a grid alone would say nothing about the rest."""
    sweep = SweepSettings(jobs=4, grid={"epochCount": [1, 2, 3], "batchSize": [16, 32, 64]})
    found = vary_hyperparameters(HAIKU, {}, sweep, 60, validated=True)
    corners = [(one["epochCount"], one["batchSize"]) for one in found.hyperparameters]
    assert corners == [("4", "8"), ("1", "16"), ("2", "32"), ("3", "64")]
    assert "9 combinations; 3 of them, evenly spread" in found.note


def test_a_smaller_grid_gives_fewer_jobs() -> None:
    """`jobs` is a limit, not a target."""
    sweep = SweepSettings(jobs=12, grid={RATE: [0.5, 1, 2]})
    found = vary_hyperparameters(HAIKU, {}, sweep, 4000, validated=True)
    assert [one[RATE] for one in found.hyperparameters] == ["1", "0.5", "2"]
    assert "all were tried" in found.note


def test_without_a_validation_set_there_is_one_job_and_a_finding() -> None:
    """Nothing could be chosen by: several jobs would be money for nothing."""
    sweep = SweepSettings(jobs=4)
    assert len(vary_hyperparameters(HAIKU, {}, sweep, 60, validated=False).hyperparameters) == 1
    found = findings(HAIKU, sweep, 1, most_jobs=4, validated=False)
    assert ("sweep-validation", "error") in {(one.check, one.severity) for one in found}


def test_wrong_names_values_and_numbers_are_found_together() -> None:
    """One message after another would cost an upload each."""
    sweep = SweepSettings(jobs=6, grid={"learning_rate": [1, 2], "epochCount": [2, 99], RATE: ["high"]})
    planned = len(vary_hyperparameters(HAIKU, {}, sweep, 60, validated=True).hyperparameters)
    messages = [one.message for one in findings(HAIKU, sweep, planned, most_jobs=4, validated=True)]
    assert len(messages) == 4
    assert "asks for 6 jobs; this environment allows 4" in messages[0]
    assert "learning_rate" in messages[1]
    assert "99 is outside 1 to 10" in messages[2]
    assert "'high'" in messages[3]


def test_a_sweep_with_nothing_to_try_is_told() -> None:
    """It is no error, but hardly what was meant."""
    sweep = SweepSettings(jobs=4, grid={"epochCount": [4]})
    planned = len(vary_hyperparameters(HAIKU, {}, sweep, 60, validated=True).hyperparameters)
    [found] = findings(HAIKU, sweep, planned, most_jobs=4, validated=True)
    assert (planned, found.severity) == (1, "warning")


@pytest.mark.parametrize(
    ("sweep", "validated", "kept"),
    [
        (None, True, True),
        (SweepSettings(), True, False),
        (SweepSettings(keep_models=True), True, True),
        # One candidate is left of these: without a validation set, and of a grid of the recommended values.
        (SweepSettings(), False, True),
        (SweepSettings(grid={"epochCount": [99]}), True, True),
    ],
)
def test_the_only_model_of_a_run_is_kept(sweep: SweepSettings | None, validated: bool, kept: bool) -> None:
    """What was trained is worth more than a month of its storage, also where the run fails before the choice."""
    assert vary_hyperparameters(HAIKU, {}, sweep, 200, validated=validated).keep_models is kept
