"""`fine-tune serve` and `unserve` against the simulated Bedrock: what is bought, told, refused and ended."""

import json
import re
from typing import Any
from unittest.mock import Mock

import pytest
from typer.testing import Result

from lambdas.domain.core.run import PROJECT, bedrock_name, claim_key, standing_name
from lambdas.domain.core.timestamps import later, timestamp
from lambdas.domain.evaluation.endpoint import Endpoint
from lambdas.domain.serving.slots import Holder
from lambdas.domain.serving.standing import NEVER, begin_standing
from lambdas.steps import serve_model
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock import team as shared
from tests.local.bedrock.conftest import BUCKET, HAIKU
from tests.local.bedrock.team import LLAMA_3_3, REPORT_URI, RUN, FineTune, Team

settings, team, fine_tune = shared.settings, shared.team, shared.fine_tune


def untouched(team: Team, done: Result, told: str) -> None:
    """Named, and nothing bought."""
    assert done.exit_code == 2, done.output
    assert told in re.sub(r"\s+", " ", done.output)
    assert (team.throughputs, team.deployments, team.slots) == ([], [], [])


def test_a_throughput_is_bought_for_its_hours_and_the_endpoint_names_it(team: Team, fine_tune: FineTune) -> None:
    """The end of its lease is in its tags from the call that buys it, and in its slot."""
    team.name_champion(team.tune(HAIKU))
    done = fine_tune("serve", "champion", "--hours", 4, "--yes")
    assert done.exit_code == 0, done.output
    [bought] = team.throughputs
    assert (bought["provisionedModelName"], bought["status"]) == (standing_name("team", RUN), "InService")
    tags = team.tags(bought["provisionedModelArn"])
    assert "execution-arn" not in tags
    assert tags["lease-ends-at"] == later(timestamp(bought["creationTime"]), 4 * 3600)
    [holder] = team.slots
    assert (holder.standing, holder.run_id, holder.lease_ends_at) == (True, RUN, tags["lease-ends-at"])
    endpoint = team.adapters.endpoint.read_endpoint("team")
    assert endpoint is not None
    assert endpoint.target_arn == bought["provisionedModelArn"]
    assert (endpoint.system, endpoint.template, endpoint.inference) == ("Reply briefly.", "{prompt}", {"maxTokens": 64})
    assert "10.00 USD an hour: 40.00 USD for 4 hours" in done.output


def test_a_model_that_can_is_deployed_on_demand_and_stays(team: Team, fine_tune: FineTune) -> None:
    """It costs nothing while nobody asks it: no hours, no slot, no cap."""
    team.tune(LLAMA_3_3)
    done = fine_tune("serve", RUN, "--yes")
    assert done.exit_code == 0, done.output
    [made] = team.deployments
    assert team.tags(made["customModelDeploymentArn"])["kept"] == "true"
    assert team.slots == []
    # No champion: the command says how to call it.
    assert f"modelId={made['customModelDeploymentArn']}" in done.output.replace("\n", "")
    assert team.target is None


def test_what_is_kept_says_so_in_its_tags_and_slot(team: Team, fine_tune: FineTune) -> None:
    team.tune(HAIKU)
    done = fine_tune("serve", RUN, "--keep", "--yes")
    assert done.exit_code == 2
    assert "24 hours at 10.00 USD are 240.00 USD, more than the environment's cap of 100.00 USD" in done.output
    team.set(max_run_cost_usd=None)
    done = fine_tune("serve", RUN, "--keep", "--yes")
    assert done.exit_code == 0, done.output
    assert "FOR AS LONG AS IT IS KEPT" in done.output
    tags = team.tags(team.throughputs[0]["provisionedModelArn"])
    assert (tags["kept"], tags.get("lease-ends-at")) == ("true", None)
    assert team.slots[0].lease_ends_at == NEVER


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--hours", 0], "--hours 0 is no lease: give 1 to 8"),
        (["--hours", -1], "--hours -1 is no lease"),
        (["--hours", 9], "--hours 9 is no lease"),
        ([], "say for how long with --hours, 1 to 8, or --keep"),
        (["--hours", 2, "--keep"], "Give --hours or --keep, not both"),
    ],
)
def test_a_lease_that_is_none_buys_nothing(team: Team, fine_tune: FineTune, words: list[str | int], told: str) -> None:
    team.tune(HAIKU)
    untouched(team, fine_tune("serve", RUN, *words, "--yes"), told)


def test_where_nobody_can_confirm_nothing_is_bought(team: Team, fine_tune: FineTune) -> None:
    team.tune(HAIKU)
    done = fine_tune("serve", RUN, "--hours", 2)
    untouched(team, done, "Nobody can confirm here: repeat the command with --yes. Nothing was bought.")
    assert "20.00 USD for 2 hours" in done.output


def test_whoever_says_no_buys_nothing(team: Team, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch) -> None:
    team.tune(HAIKU)
    monkeypatch.setattr("cli.confirmation.can_answer", lambda: True)
    untouched(team, fine_tune("serve", RUN, "--hours", 2, input="n\n"), "Not confirmed. Nothing was bought.")


def test_a_run_that_failed_is_not_served(team: Team, fine_tune: FineTune) -> None:
    """Its model may be there; nobody knows how good it is."""
    team.tune(HAIKU, status="failed", error={"name": "EvaluationFailed", "cause": "…"})
    untouched(team, fine_tune("serve", RUN, "--hours", 1, "--yes"), f"The run {RUN} has failed (EvaluationFailed)")


def test_a_model_that_is_gone_is_named(team: Team, fine_tune: FineTune) -> None:
    arn = team.tune(HAIKU)
    team.simulation.bedrock.delete_custom_model(modelIdentifier=arn)
    untouched(team, fine_tune("serve", RUN, "--hours", 1, "--yes"), "no longer exists")


@pytest.mark.parametrize("word", ["champion", "sales-ffffffffffff", "no id"])
def test_what_there_is_not_is_not_served(team: Team, fine_tune: FineTune, word: str) -> None:
    for command in (["serve", word, "--hours", 1, "--yes"], ["unserve", word]):
        done = fine_tune(*command)
        assert done.exit_code == 2, done.output
        assert "has no champion" in done.output or word in done.output


def test_a_second_person_is_told_who_serves_it(team: Team, fine_tune: FineTune) -> None:
    team.tune(HAIKU)
    assert fine_tune("serve", RUN, "--hours", 1, "--yes").exit_code == 0
    done = fine_tune("serve", RUN, "--hours", 1, "--yes")
    assert done.exit_code == 2
    assert "serves this model already (InService" in done.output
    assert "Nothing more was bought." in done.output.replace("\n", " ")
    assert (len(team.throughputs), len(team.slots)) == (1, 1)


def test_two_people_at_once_buy_one(team: Team, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked and found nothing: the name, which Bedrock gives once, and the slots decide."""
    model = team.tune(HAIKU)
    team.set(max_throughputs=2)
    take = serve_model._take_slot

    def take_before(*arguments: Any) -> Any:
        taken = take(*arguments)
        holder = begin_standing(RUN, team.now(), later(team.now(), 7200))
        adapters = team.adapters
        adapters.slots._objects.write(BUCKET, "throughput-slots/2.json", holder.model_dump_json().encode())
        adapters.throughputs.create(standing_name("team", RUN), "other", model, 1, {"project": "x"})
        return taken

    monkeypatch.setattr(serve_model, "_take_slot", take_before)
    done = fine_tune("serve", RUN, "--hours", 1, "--yes")
    assert done.exit_code == 2, done.output
    assert "serves this model already" in done.output
    # The loser has given its slot back.
    assert (len(team.throughputs), len(team.slots)) == (1, 1)


def test_a_slot_that_others_have_is_waited_for_by_nobody(team: Team, fine_tune: FineTune) -> None:
    """A run that waits for it is not robbed, and nobody pays while they wait."""
    team.tune(HAIKU)
    other = Holder(
        run_id="other-0123456789ab",
        candidate=1,
        execution_arn="arn:e",
        acquired_at=team.now(),
        lease_ends_at=later(team.now(), 60),
    )
    team.adapters.slots.take(BUCKET, other, 1)
    done = fine_tune("serve", RUN, "--hours", 1, "--yes")
    assert done.exit_code == 2
    assert "All throughput slots of the environment are taken (1 of 1): other-0123456789ab (candidate 1)" in done.output
    assert (team.throughputs, team.slots) == ([], [other])


class TestWithoutUnits:
    """A new account has no model units."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(no_commitment_model_units=0)

    def test_a_quota_that_is_too_small_is_named(self, team: Team, fine_tune: FineTune) -> None:
        """Before anything is asked for, with where to ask for more."""
        team.tune(HAIKU)
        untouched(team, fine_tune("serve", RUN, "--hours", 1, "--yes"), "servicequotas")


def test_a_purchase_that_bedrock_refuses_gives_the_slot_back(team: Team, fine_tune: FineTune) -> None:
    team.tune(HAIKU)
    fault = {"operation": "CreateProvisionedModelThroughput", "kind": "access_denied"}
    team.simulation.control("POST", "faults", [fault])
    untouched(team, fine_tune("serve", RUN, "--hours", 1, "--yes"), "AccessDeniedException")


def test_a_lost_answer_buys_once_and_goes_on(team: Team, fine_tune: FineTune) -> None:
    """The purchase has taken effect: it is what the slot is for."""
    team.tune(HAIKU)
    fault = {"operation": "CreateProvisionedModelThroughput", "kind": "drop_after", "last": 1}
    team.simulation.control("POST", "faults", [fault])
    done = fine_tune("serve", RUN, "--hours", 1, "--yes")
    assert done.exit_code == 0, done.output
    assert (len(team.throughputs), len(team.slots)) == (1, 1)


class TestFailing:
    """Bedrock makes nothing that gets in service."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(no_commitment_model_units=2, throughput_creation_seconds=100_000_000)

    def test_what_does_not_get_in_service_is_deleted(
        self, team: Team, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        team.name_champion(team.tune(HAIKU))
        found = team.adapters.throughputs.find

        def failing(identifier: str) -> Any:
            one = found(identifier)
            return one and one.__class__(**{**one.__dict__, "status": "Failed", "failure_message": "No capacity."})

        looks: list[int] = []

        def failing_later(identifier: str) -> Any:
            looks.append(1)
            return found(identifier) if len(looks) < 3 else failing(identifier)

        monkeypatch.setattr(team.adapters.throughputs, "find", failing_later)
        done = fine_tune("serve", RUN, "--hours", 1, "--yes")
        assert done.exit_code == 1, done.output
        assert "did not get in service: No capacity." in done.output
        assert team.target is None
        deletions = [
            call for call in team.simulation.calls() if call["operation"] == "DeleteProvisionedModelThroughput"
        ]
        assert len(deletions) == 1


def test_ctrl_c_says_what_exists_what_it_costs_and_how_it_ends(
    team: Team, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits half an hour at a terminal; what was bought goes on, and can be followed."""
    team.name_champion(team.tune(HAIKU))
    with monkeypatch.context() as ctrl_c:
        ctrl_c.setattr("cli.serve.sleep", Mock(side_effect=KeyboardInterrupt))
        done = fine_tune("serve", RUN, "--hours", 1, "--yes")
    told = re.sub(r"\s+", " ", done.output)
    assert done.exit_code == 130
    [bought] = team.throughputs
    assert f"The throughput {bought['provisionedModelArn']} goes on to exist. It bills 10.00 USD an hour" in told
    assert f"`fine-tune unserve {RUN} --deployment team --region us-west-2` ends it before" in told
    assert team.target is None
    done = fine_tune("serve", RUN, "--follow")
    assert done.exit_code == 0, done.output
    assert "It bills 10.00 USD an hour; the reconciler deletes it at 20" in done.output
    assert team.target == bought["provisionedModelArn"]
    assert len(team.throughputs) == 1


def test_unserve_ends_it_frees_the_slot_and_says_what_it_cost(team: Team, fine_tune: FineTune) -> None:
    """Applications see first that nothing serves the model."""
    team.name_champion(team.tune(HAIKU))
    assert fine_tune("serve", RUN, "--hours", 1, "--yes").exit_code == 0
    done = fine_tune("unserve", "champion")
    assert done.exit_code == 0, done.output
    assert (team.throughputs, team.slots, team.target) == ([], [], None)
    assert "The endpoint names nothing any more." in done.output
    assert "USD" in done.output


def test_what_somebody_deleted_by_hand_is_told_and_is_no_failure(team: Team, fine_tune: FineTune) -> None:
    """The endpoint does not go on naming it, and its slot is free."""
    team.name_champion(team.tune(HAIKU))
    assert fine_tune("serve", RUN, "--hours", 1, "--yes").exit_code == 0
    team.simulation.bedrock.delete_provisioned_model_throughput(
        provisionedModelId=team.throughputs[0]["provisionedModelArn"]
    )
    team.simulation.clock.advance(120)
    done = fine_tune("unserve", RUN)
    assert done.exit_code == 0, done.output
    assert f"Nothing serves the model of run {RUN}" in done.output
    assert (team.slots, team.target) == ([], None)


def test_a_refused_deletion_is_named_and_the_endpoint_names_nothing(team: Team, fine_tune: FineTune) -> None:
    team.name_champion(team.tune(HAIKU))
    assert fine_tune("serve", RUN, "--hours", 1, "--yes").exit_code == 0
    team.simulation.control(
        "POST", "faults", [{"operation": "DeleteProvisionedModelThroughput", "kind": "access_denied"}]
    )
    done = fine_tune("unserve", RUN)
    assert done.exit_code == 1
    assert "AccessDeniedException" in done.output
    assert (len(team.throughputs), len(team.slots), team.target) == (1, 1, None)
    team.simulation.control("POST", "faults", [])
    assert fine_tune("unserve", RUN).exit_code == 0
    assert (team.throughputs, team.slots) == ([], [])


def test_another_environments_is_not_ended(team: Team, fine_tune: FineTune) -> None:
    """Of the same name, with other tags: it may serve customers."""
    model = team.tune(HAIKU)
    team.adapters.throughputs.create(standing_name("team", RUN), "t", model, 1, {"deployment": "team-eu"})
    done = fine_tune("unserve", RUN)
    assert done.exit_code == 1
    assert "do not say that it is of the environment team" in re.sub(r"\s+", " ", done.output)
    assert len(team.throughputs) == 1


def test_the_lists_have_what_is_served_with_its_price(team: Team, fine_tune: FineTune) -> None:
    """Both the run's line and the model's."""
    name = bedrock_name("team", RUN, 1)
    arn = team.tune(HAIKU)
    tags = [{"key": key, "value": value} for key, value in (("project", PROJECT), ("deployment", "team"))]
    team.simulation.bedrock.tag_resource(resourceARN=arn, tags=tags)
    claim = {"run_id": RUN, "execution_arn": "arn:e", "claimed_at": team.now()}
    team.simulation.s3.put_object(Bucket=BUCKET, Key=claim_key(RUN), Body=json.dumps(claim).encode())
    assert fine_tune("serve", RUN, "--hours", 1, "--yes").exit_code == 0
    [model] = json.loads(fine_tune("models", "--json").output)["models"]
    bought = team.throughputs[0]["provisionedModelArn"]
    assert (model["name"], model["served_by"], model["served_usd_per_hour"]) == (name, [f"throughput {bought}"], 10.0)
    assert "at 10.00 USD an hour" in fine_tune("models").output
    [run] = json.loads(fine_tune("runs", "--json").output)["runs"]
    [left] = [thing for thing in run["left"] if thing["kind"] == "throughput"]
    assert (left["arn"], left["usd"], left["per"]) == (bought, 10.0, "hour")


def test_what_applications_called_before_is_named(team: Team, fine_tune: FineTune) -> None:
    """A new champion is served beside the old one, which bills on until somebody ends it."""
    team.name_champion(team.tune(HAIKU))
    old = Endpoint(run_id="older-0123456789ab", model_arn="arn:m", target_arn="arn:aws:bedrock:us-west-2:1:x/old")
    team.adapters.endpoint.write_endpoint("team", old, REPORT_URI)
    done = fine_tune("unserve", "champion")
    told = re.sub(r"\s+", " ", done.output)
    assert "Applications call the model of run older-0123456789ab by arn:aws:bedrock:us-west-2:1:x/old." in told
    assert "It goes on to exist. `fine-tune unserve older-0123456789ab" in told
    done = fine_tune("serve", "champion", "--hours", 1, "--yes")
    told = re.sub(r"\s+", " ", done.output)
    assert "They called arn:aws:bedrock:us-west-2:1:x/old before. It goes on to exist." in told
    assert "`fine-tune unserve older-0123456789ab" in told
    assert team.target == team.throughputs[0]["provisionedModelArn"]
