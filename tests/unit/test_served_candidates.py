"""Which candidates are served: the chosen one first, then those that run.json names and that have a model."""

from typing import Any

import pytest

from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.served_candidates import served_candidates
from lambdas.domain.training.candidate_jobs import Jobs
from tests.unit.run_states import make_job, make_jobs, make_plan

SHARDS = {"baselines": "b", "tuned": "t", "judges": "j", "candidates": "c"}


def numbers(serve: Any, *, failed: int | None = None, chosen: int = 2) -> list[int]:
    """The candidates that are served of four, of which one may have made no model."""
    plan = Plan.parse(make_plan(4, serve=serve, shards=SHARDS))
    made = [make_job(number, "Failed" if number == failed else "Completed") for number in range(1, 5)]
    return [one.number for one in served_candidates(chosen, Jobs.parse(make_jobs(*made)), plan)]


@pytest.mark.parametrize(
    ("serve", "expected"),
    [("best", [2]), ("all", [2, 1, 3, 4]), ([4, 3], [2, 3, 4]), ([2], [2]), ([1, 9], [2, 1])],
)
def test_the_chosen_candidate_comes_first_and_is_always_served(serve: Any, expected: list[int]) -> None:
    """The verdict is about it, whatever else is asked for."""
    assert numbers(serve) == expected


@pytest.mark.parametrize(("serve", "expected"), [("all", [2, 1, 4]), ([3, 4], [2, 4])])
def test_a_candidate_without_a_model_is_not_served(serve: Any, expected: list[int]) -> None:
    """A purchase for it would fail, and the job's failure is told already."""
    assert numbers(serve, failed=3) == expected


def test_each_has_its_own_arm_and_only_the_chosen_one_the_few_shot_questions() -> None:
    """Answers of two candidates in one arm would be one another's."""
    plan = Plan.parse(make_plan(2, serve="all", shards=SHARDS))
    chosen, other = served_candidates(1, Jobs.parse(make_jobs(make_job(1), make_job(2))), plan)
    assert (chosen.arm, chosen.shards, chosen.chosen) == ("tuned", "t", True)
    assert (other.arm, other.shards, other.chosen) == ("candidate-2", "c", False)
    assert other.model_arn == "arn:model-2"
