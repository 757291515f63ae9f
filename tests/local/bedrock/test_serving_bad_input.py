"""What stands in the way of `fine-tune serve` and `unserve`: it is named, nothing is bought, nothing is forgotten."""

import re
from dataclasses import replace
from typing import Any

import pytest

from lambdas.domain.evaluation.endpoint import Endpoint
from lambdas.domain.serving.standing import begin_standing, champion_names
from lambdas.domain.training.given_model import GivenModel
from tests.local.bedrock import team as shared
from tests.local.bedrock.conftest import BUCKET, HAIKU
from tests.local.bedrock.team import LLAMA_3_3, REPORT_URI, RUN, FineTune, Team

settings, team, fine_tune = shared.settings, shared.team, shared.fine_tune


def test_a_model_that_is_not_ready_is_not_served(
    team: Team, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, and Bedrock would refuse it, or fail with it later."""
    team.tune(HAIKU)
    described = team.adapters.bedrock.describe_custom_model

    def failed(arn: str) -> GivenModel | None:
        model = described(arn)
        return model and replace(model, status="Failed")

    monkeypatch.setattr(team.adapters.bedrock, "describe_custom_model", failed)
    done = fine_tune("serve", RUN, "--hours", 1, "--yes")
    assert (done.exit_code, team.throughputs, team.slots) == (2, [], [])
    assert "is Failed. Nothing was bought." in re.sub(r"\s+", " ", done.output)


def test_a_slot_that_somebody_has_just_taken_for_the_model_is_theirs(team: Team, fine_tune: FineTune) -> None:
    """Nothing serves it yet: the other one's purchase is under way."""
    team.tune(HAIKU)
    team.set(max_throughputs=2)
    holder = begin_standing(RUN, team.now(), None)
    team.adapters.slots.take(BUCKET, holder, 2)
    done = fine_tune("serve", RUN, "--hours", 1, "--yes")
    assert (done.exit_code, team.throughputs, team.slots) == (2, [], [holder])
    assert "Somebody took a slot for this model" in re.sub(r"\s+", " ", done.output)


def test_what_is_deleted_by_hand_while_one_waits_is_named(
    team: Team, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for what does not come."""
    team.name_champion(team.tune(HAIKU))
    find = team.adapters.throughputs.find
    monkeypatch.setattr(team.adapters.throughputs, "find", lambda name: None if name.startswith("arn:") else find(name))
    monkeypatch.setattr("cli.serve.sleep", _stop_waiting)
    done = fine_tune("serve", RUN, "--hours", 1, "--yes")
    assert (done.exit_code, team.target) == (1, None)
    assert "Bedrock no longer knows the throughput" in re.sub(r"\s+", " ", done.output)


def _stop_waiting(_: float) -> Any:
    raise AssertionError("it is waited for")


def test_unserve_leaves_an_endpoint_that_something_else_serves(team: Team, fine_tune: FineTune) -> None:
    """The champion's own deployment is of the same run: applications go on asking it."""
    model = team.tune(LLAMA_3_3)
    arn = team.adapters.deployments.create(champion_names("team")[0], "token", model, {"deployment": "team"})
    endpoint = Endpoint(run_id=RUN, model_arn=model, target_arn=arn)
    team.adapters.endpoint.write_endpoint("team", endpoint, REPORT_URI)
    done = fine_tune("unserve", RUN)
    assert (done.exit_code, team.target) == (0, arn), done.output
