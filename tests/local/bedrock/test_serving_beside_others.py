"""`fine-tune serve` and `unserve` where somebody else destroys the environment, or buys, at the same time."""

from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from cli.environment import NoEnvironmentError, environment_of
from cli.settings import settings_of
from lambdas.domain.core.run import standing_name
from lambdas.domain.core.timestamps import later
from lambdas.domain.serving.standing import SETTLE_SECONDS, begin_standing, standing_tags
from stacks.limits import OUTPUT, limits_of
from tests.local.bedrock import team as shared
from tests.local.bedrock.conftest import BUCKET, HAIKU
from tests.local.bedrock.team import LLAMA_3_3, RUN, FineTune, Team
from tests.local.bedrock.test_serving_commands import untouched

settings, team, fine_tune = shared.settings, shared.team, shared.fine_tune


@pytest.mark.parametrize("base_model", [HAIKU, LLAMA_3_3])
@pytest.mark.parametrize("status", [None, "DELETE_IN_PROGRESS", "DELETE_FAILED", "ROLLBACK_COMPLETE"])
def test_nothing_is_bought_once_the_environment_is_destroyed(
    team: Team, fine_tune: FineTune, status: str | None, base_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody destroys it while this one is asked: nothing would ever end the purchase."""
    team.tune(base_model)

    def destroyed(*_: Any, **__: Any) -> None:
        team.stack_status = status

    monkeypatch.setattr("cli.confirmation.confirm", destroyed)
    words = ["--hours", 2] if base_model == HAIKU else []
    untouched(team, fine_tune("serve", RUN, *words), "The stack team-pipeline, which ends what is served,")


def test_a_stack_that_nobody_may_look_at_is_no_guard(team: Team, fine_tune: FineTune) -> None:
    team.tune(HAIKU)
    denied: Any = {"Error": {"Code": "AccessDenied", "Message": "No."}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    team.adapters.clients.cloudformation.describe_stacks = Mock(  # type: ignore[method-assign]
        side_effect=ClientError(denied, "DescribeStacks")
    )
    untouched(team, fine_tune("serve", RUN, "--hours", 2, "--yes"), "Looking at the stack team-pipeline: AccessDenied")


@pytest.mark.parametrize("comes", [True, False])
def test_unserve_waits_for_a_purchase_that_is_under_way(
    team: Team, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch, comes: bool
) -> None:
    """The slot of a purchase without an answer keeps what comes of it from being forgotten."""
    model, waited = team.tune(HAIKU), list[float]()
    ends_at = later(team.now(), 3600)
    team.adapters.slots.take(BUCKET, begin_standing(RUN, team.now(), ends_at), 1)

    def wait(seconds: float) -> None:
        waited.append(seconds)
        team.simulation.clock.advance(60)
        if comes and len(waited) == 1:
            tags = standing_tags("team", RUN, ends_at)
            team.adapters.throughputs.create(standing_name("team", RUN), "theirs", model, 1, tags)

    monkeypatch.setattr("cli.serve.sleep", wait)
    done = fine_tune("unserve", RUN)
    assert done.exit_code == 0, done.output
    assert (team.throughputs, team.slots) == ([], [])
    assert "Somebody has begun to serve it" in done.output
    assert ("Deleted throughput" in done.output) == comes
    assert (f"Nothing serves the model of run {RUN}" in done.output) != comes
    assert comes or len(waited) == SETTLE_SECONDS / 60


@pytest.mark.parametrize(
    ("hours", "limits", "told"),
    [
        (2, {"max_run_cost_usd": 15.0}, "more than the environment's cap of 15.00 USD"),
        (6, {"longest_lease_hours": 4}, "--hours 6 is no lease: give 1 to 4"),
        (2, {"model_unit_price_per_hour": 70.0}, "2 hours at 70.00 USD are 140.00 USD"),
        (2, {"model_unit_price_per_hour": None}, "The price of a model unit is not known"),
    ],
)
def test_the_environments_own_limits_hold_whatever_the_checkout_says(
    team: Team, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch, hours: int, limits: dict[str, Any], told: str
) -> None:
    """A checkout of another environment may allow more, or a longer lease than the reconciler does."""
    team.tune(HAIKU)
    deployed = replace(team.environment, limits=limits_of(team.settings).model_copy(update=limits))
    monkeypatch.setattr("cli.environment.environment_of", lambda *_: deployed)
    untouched(team, fine_tune("serve", RUN, "--hours", hours, "--yes"), told)


def test_the_limits_come_from_the_stack(team: Team) -> None:
    """Stacks of earlier versions tell none: then the checkout's hold."""
    cloudformation: Any = team.adapters.clients.cloudformation
    outputs = {"InputBucket": "in", "OutputBucket": "out", "StateMachineArn": "arn:machine"}
    told = limits_of(team.settings.model_copy(update={"max_throughputs": 7}))
    for further, limits in ({OUTPUT: told.model_dump_json()}, told), ({}, None):
        pairs = [{"OutputKey": key, "OutputValue": value} for key, value in (outputs | further).items()]
        cloudformation.describe_stacks = lambda pairs=pairs, **_: {"Stacks": [{"Outputs": pairs}]}
        found = environment_of(team.environment.account, "team")
        assert found.limits == limits
        assert settings_of(found).max_throughputs == (7 if limits else 1)
    cloudformation.describe_stacks = lambda **_: {
        "Stacks": [{"Outputs": [*pairs, {"OutputKey": OUTPUT, "OutputValue": "{}"}]}]
    }
    with pytest.raises(NoEnvironmentError, match="of another version"):
        environment_of(team.environment.account, "team")
