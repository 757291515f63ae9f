"""What a learning curve can never say is told before its candidates are trained and served."""

import pytest

from lambdas.domain.core.state_budget import FINDING_BYTES
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.split.parts import Parts, take_parts
from lambdas.domain.models.catalogue import base_model
from lambdas.domain.preflight.curve_reach import curve_reach_findings
from lambdas.domain.settings.run_settings import Choices, RunSettings
from lambdas.domain.training.learning_curve import asked_sizes

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0")
FOUR = {"fractions": [0.125, 0.25, 0.5, 1]}
SERVED = {"learning_curve": FOUR, "serve": "all"}


def told(groups: int = 60, **chosen: object) -> list[tuple[str, str]]:
    """Each warning and its remedy, for a training set of 400 records."""
    settings = RunSettings.model_validate(chosen)
    counts: dict[SetName, int] = {"train": 400, "validation": 50, "test": 60}
    parts = Parts((), b"", {})
    if settings.learning_curve is not None:
        asked = [each.records for each in asked_sizes(settings.learning_curve, 400)]
        parts = take_parts([str(number).encode() for number in range(400)], range(400), asked, seed=0, least=32)
    findings = list(curve_reach_findings(Choices(settings, HAIKU), counts, parts, groups))
    assert all((each.check, each.severity) == ("curve-sizes", "warning") for each in findings)
    assert all(len(each.message.encode()) <= FINDING_BYTES for each in findings)
    return [(each.message, each.remedy) for each in findings]


@pytest.mark.parametrize("serve", ["all", [1, 2, 4], [1, 4], [2, 3]])
def test_a_curve_that_may_say_what_more_data_adds_has_no_warning(serve: object) -> None:
    """With two named candidates the chosen one can be the third size."""
    assert told(learning_curve=FOUR, serve=serve) == []


def test_a_single_served_candidate_is_told_with_both_ways_on() -> None:
    """It is the default, and cheap: losses alone may be what is wanted."""
    [(message, remedy)] = told(learning_curve=FOUR)
    assert message.startswith("run.json, /learning_curve: The report will not say what twice the data would add: ")
    assert "sizes tested: 1, and a curve needs at least 3" in message
    assert remedy == 'Set "serve": "all" in run.json, or go by the validation losses alone.'


def test_one_named_candidate_makes_two_sizes_at_most() -> None:
    """Whichever is chosen."""
    [(message, remedy)] = told(learning_curve=FOUR, serve=[2])
    assert "a curve needs at least 3" in message
    assert remedy == 'Set "serve": "all" in run.json.'


@pytest.mark.parametrize(
    ("curve", "lacking"),
    [({"sizes": [100]}, "sizes tested: 2"), ({"sizes": [250, 300]}, "too near each other, 250 to 400 records")],
)
def test_sizes_that_are_too_few_or_too_near_are_told_with_what_is_needed(
    curve: dict[str, object], lacking: str
) -> None:
    """Serving more of them would not help."""
    [(message, remedy)] = told(learning_curve=curve, serve="all")
    assert lacking in message
    assert remedy == "Give more sizes: at least 3, the whole training set among them, the smallest at most 1/2 of it."
    [(_, remedy)] = told(learning_curve=curve)
    assert remedy.endswith('and set "serve": "all".')


def test_candidates_of_one_size_are_one_point() -> None:
    """Two sizes with a sweep have four candidates, and no more sizes."""
    [(message, _)] = told(learning_curve={"sizes": [100]}, sweep={"jobs": 2}, serve="all")
    assert "sizes tested: 2" in message


def test_a_test_set_of_few_groups_is_told() -> None:
    """From 30 groups on there may be an answer."""
    [(message, remedy)] = told(29, **SERVED)
    assert "the test set has 29 groups, and a curve needs at least 30" in message
    assert "raise split.test" in remedy
    assert told(30, **SERVED) == []


def test_runs_without_a_curve_are_told_nothing() -> None:
    """Nor those that train nothing."""
    model = "arn:aws:bedrock:us-west-2:123456789012:custom-model/amazon.nova-lite-v1:0/abc"
    assert told(5) == told(5, learning_curve=FOUR, custom_model=model) == []
