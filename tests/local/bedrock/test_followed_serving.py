"""`fine-tune serve --follow`, and what goes wrong once something is bought, against the simulated Bedrock."""

import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from typer.testing import Result

from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.run import standing_name
from lambdas.domain.serving.standing import champion_names, standing_tags
from tests.local.bedrock import team as shared
from tests.local.bedrock.conftest import HAIKU
from tests.local.bedrock.team import LLAMA_3_3, RUN, FineTune, Team

settings, team, fine_tune = shared.settings, shared.team, shared.fine_tune


def told(done: Result) -> str:
    assert not isinstance(done.exception, Exception), done.exception
    return re.sub(r"\s+", " ", done.output)


def buy(team: Team, model_arn: str, environment: str = "team") -> str:
    tags = standing_tags(environment, RUN, None)
    arn = team.adapters.throughputs.create(standing_name("team", RUN), "token", model_arn, 1, tags)
    team.simulation.clock.advance(3600)
    return arn


def test_what_another_environment_has_made_is_not_followed(team: Team, fine_tune: FineTune) -> None:
    """Applications would call it, and its owner may end it at any time."""
    model = team.tune(HAIKU)
    team.name_champion(model)
    buy(team, model, "other")
    done = fine_tune("serve", "champion", "--follow")
    assert "do not say that it is of the environment team" in told(done)
    assert (done.exit_code, team.target) == (2, None)


def test_what_serves_another_model_is_not_followed(team: Team, fine_tune: FineTune) -> None:
    """The run was trained anew under its id, or somebody has used its name."""
    team.name_champion(team.tune(HAIKU))
    other = team.simulation.complete_job_for(HAIKU, "other")["outputModelArn"]
    arn = buy(team, other)
    done = fine_tune("serve", "champion", "--follow")
    assert f"The throughput {arn} serves {other}, not " in told(done)
    assert (done.exit_code, team.target) == (2, None)


@pytest.mark.parametrize("base_model", [HAIKU, LLAMA_3_3])
def test_tags_that_do_not_show_yet_are_waited_for(
    team: Team, fine_tune: FineTune, base_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They tell whose it is, and when it ends."""
    team.name_champion(team.tune(base_model))
    served = fine_tune("serve", RUN, "--hours", 1, "--yes")
    assert served.exit_code == 0, told(served)
    made = [one["provisionedModelArn"] for one in team.throughputs]
    [arn] = made or [one["customModelDeploymentArn"] for one in team.deployments]
    looks: list[dict[str, str]] = [{}, {}, {}, team.tags(arn)]
    monkeypatch.setattr(team.adapters.bedrock, "tags_of", lambda _: looks.pop(0) if len(looks) > 1 else looks[0])
    done = fine_tune("serve", RUN, "--follow")
    ends = "It bills 10.00 USD an hour; the reconciler deletes it at 20" if made else "It costs nothing by the hour"
    assert ends in told(done)
    assert (done.exit_code, team.target) == (0, arn)


def test_tags_that_never_show_end_the_wait(team: Team, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch) -> None:
    team.tune(HAIKU)
    assert fine_tune("serve", RUN, "--hours", 1, "--yes").exit_code == 0
    monkeypatch.setattr("cli.serve.TAGS_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(team.adapters.bedrock, "tags_of", lambda _: {})
    done = fine_tune("serve", RUN, "--follow")
    assert "do not say when it ends: it is not followed." in told(done)
    assert done.exit_code == 2


def test_what_the_environment_serves_itself_needs_no_following(team: Team, fine_tune: FineTune) -> None:
    model = team.tune(LLAMA_3_3)
    team.name_champion(model)
    team.adapters.deployments.create(champion_names("team")[0], "token", model, standing_tags("team", RUN, None))
    team.simulation.clock.advance(3600)
    done = fine_tune("serve", "champion", "--follow")
    assert f"The environment serves its champion, the model of run {RUN}, itself" in told(done)


def spoil_champion(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    ssm = boto3.client("ssm", region_name="us-west-2")
    ssm.put_parameter(Name="/team/champion", Value="{}", Type="String", Overwrite=True)


def deny_endpoint(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Refused("Writing the parameter /team/endpoint", "AccessDeniedException", "No.")

    def write_endpoint(*_: Any) -> None:
        raise refused

    monkeypatch.setattr(team.adapters.endpoint, "replace_endpoint", write_endpoint)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [(spoil_champion, "The parameter /team/champion names no champion"), (deny_endpoint, "AccessDeniedException")],
)
def test_once_something_is_bought_an_error_says_what_exists_and_how_it_ends(
    team: Team,
    fine_tune: FineTune,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Team, pytest.MonkeyPatch], None],
    named: str,
) -> None:
    team.name_champion(team.tune(HAIKU))
    spoil(team, monkeypatch)
    done = fine_tune("serve", RUN, "--hours", 1, "--yes")
    [bought] = team.throughputs
    said = told(done)
    assert named in said
    assert f"The throughput {bought['provisionedModelArn']} may exist, and applications were not told of it." in said
    assert f"`fine-tune unserve {RUN} --deployment team --region us-west-2` ends it before" in said
    assert f"`fine-tune serve {RUN} --follow --deployment team --region us-west-2` waits for it again and tells" in said
    assert done.exit_code == 1


@pytest.mark.parametrize("words", [("serve", RUN, "--hours", 1, "--yes"), ("ask", RUN, "What is six times seven?")])
def test_a_base_model_that_this_version_does_not_know_is_named(
    team: Team, fine_tune: FineTune, words: tuple[str | int, ...]
) -> None:
    """Somebody serves it with an older checkout."""
    team.put_report("a.later-model-v9:0", team.tune(HAIKU))
    done = fine_tune(*words)
    assert "This version of the project does not know a.later-model-v9:0, the base model of run" in told(done)
    assert (done.exit_code, team.throughputs) == (2, [])
