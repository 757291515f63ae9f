"""`fine-tune serve` and `unserve` where the environment serves its champion by itself (`serve_champion`)."""

import re

import pytest

from lambdas.domain.core.run import bedrock_name, standing_name
from lambdas.domain.evaluation.endpoint import Endpoint
from lambdas.domain.serving.standing import champion_names, standing_tags
from tests.local.bedrock import team as shared
from tests.local.bedrock.team import FORMAT, LLAMA_3_3, REPORT_URI, RUN, FineTune, Team

settings, team, fine_tune = shared.settings, shared.team, shared.fine_tune
OLDER = "older-0123456789ab"


def deploy(team: Team, name: str, model_arn: str, environment: str = "team") -> str:
    """A deployment in service."""
    arn = team.adapters.deployments.create(name, name, model_arn, standing_tags(environment, RUN, None))
    team.simulation.clock.advance(3600)
    return arn


def point_at(team: Team, model_arn: str, target_arn: str, run: str = RUN) -> None:
    endpoint = Endpoint(run_id=run, model_arn=model_arn, target_arn=target_arn, **dict(FORMAT))
    team.adapters.endpoint.write_endpoint("team", endpoint, REPORT_URI)


@pytest.fixture
def champions_model(team: Team) -> str:
    """The champion's model, which can be deployed on demand."""
    model = team.tune(LLAMA_3_3)
    team.name_champion(model)
    return model


@pytest.mark.parametrize("name", champion_names("team"))
@pytest.mark.parametrize("word", ["champion", RUN])
def test_what_the_environment_serves_itself_is_not_served_twice(
    team: Team, fine_tune: FineTune, champions_model: str, name: str, word: str
) -> None:
    own = deploy(team, name, champions_model)
    done = fine_tune("serve", word, "--yes")
    told = re.sub(r"\s+", " ", done.output)
    assert done.exit_code == 2, done.output
    assert f"The environment serves its champion, the model of run {RUN}, itself: custom model deployment {own}" in told
    assert [one["customModelDeploymentArn"] for one in team.deployments] == [own]


def test_another_environments_deployment_of_that_name_is_not_in_the_way(
    team: Team, fine_tune: FineTune, champions_model: str
) -> None:
    deploy(team, champion_names("team")[0], champions_model, environment="other")
    done = fine_tune("serve", "champion", "--yes")
    assert done.exit_code == 0, done.output
    assert len(team.deployments) == 2


def test_unserve_leaves_applications_what_the_environment_serves_itself(
    team: Team, fine_tune: FineTune, champions_model: str
) -> None:
    """A person had served the champion before the setting: no application fails for a turn of the reconciler."""
    persons = deploy(team, standing_name("team", RUN), champions_model)
    own = deploy(team, champion_names("team")[0], champions_model)
    point_at(team, champions_model, persons)
    done = fine_tune("unserve", "champion")
    told = re.sub(r"\s+", " ", done.output)
    assert done.exit_code == 0, done.output
    assert team.target == own
    assert f"The endpoint names {own}, which the environment serves its champion with." in told
    assert [one["customModelDeploymentArn"] for one in team.deployments] == [own]


def test_unserve_says_that_the_environment_serves_its_champion_itself(
    team: Team, fine_tune: FineTune, champions_model: str
) -> None:
    """It does not send people to the command that they have just given."""
    own = deploy(team, champion_names("team")[0], champions_model)
    point_at(team, champions_model, own)
    done = fine_tune("unserve", "champion")
    told = re.sub(r"\s+", " ", done.output)
    assert done.exit_code == 0, done.output
    assert f"by {own}. The environment serves its champion with it itself; `serve_champion: null` in cdk.json" in told
    assert f"Nothing else serves the model of run {RUN}" in told
    assert "fine-tune unserve" not in told
    assert team.target == own


def test_serve_says_that_the_environment_served_the_champion_before_itself(
    team: Team, fine_tune: FineTune, champions_model: str
) -> None:
    """It serves the earlier champion still; no command of a person ends that."""
    older = team.simulation.complete_job_for(LLAMA_3_3, bedrock_name("team", OLDER, 1))["outputModelArn"]
    own = deploy(team, champion_names("team")[0], older)
    point_at(team, "arn:m", own, OLDER)
    done = fine_tune("serve", "champion", "--yes")
    told = re.sub(r"\s+", " ", done.output)
    assert done.exit_code == 0, done.output
    assert f"They called {own} before. The environment serves its champion with it itself" in told
    assert "fine-tune unserve older" not in told
