"""`fine-tune models`: what each costs and what uses it, and that nothing goes which is used or not ours."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from lambdas.domain.core.run import PROJECT
from lambdas.domain.cost.price_file import default_prices
from tests.cli.account_script import ScriptedAccount, refusal
from tests.cli.conftest import FineTune

RUN, OTHER = "sales-0123456789ab", "other-0123456789ab"
NOVA = "amazon.nova-lite-v1:0:300k"
OURS = {"project": PROJECT, "deployment": "team"}
Made = Callable[..., str]


@pytest.fixture
def make(scripted: ScriptedAccount) -> Made:
    """Makes custom models in the account."""
    models: dict[str, dict[str, Any]] = {}
    tags: dict[str, dict[str, str]] = {}
    bedrock = scripted.bedrock
    scripted.others["ssm"] = Mock()
    scripted.others["ssm"].get_parameter.side_effect = refusal("ParameterNotFound")

    def make_one(name: str, own: dict[str, str] = OURS, days: float = 3) -> str:
        arn = f"arn:m/{name}"
        created = datetime.now(UTC) - timedelta(days=days, minutes=1)
        models[arn] = {"modelArn": arn, "modelName": name, "creationTime": created}
        tags[arn] = own
        return arn

    def get_custom_model(modelIdentifier: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if modelIdentifier not in models:
            raise refusal("ResourceNotFoundException")
        base = f"arn:aws:bedrock:us-west-2::foundation-model/{NOVA}"
        return models[modelIdentifier] | {"baseModelArn": base, "ResponseMetadata": {"HTTPHeaders": {}}}

    def delete_custom_model(modelIdentifier: str) -> None:  # noqa: N803 - boto3's name
        if models.pop(modelIdentifier, None) is None:
            raise refusal("ResourceNotFoundException")

    bedrock.get_custom_model.side_effect = get_custom_model
    bedrock.delete_custom_model.side_effect = delete_custom_model
    bedrock.list_tags_for_resource.side_effect = lambda resourceARN: {  # noqa: N803 - boto3's name
        "tags": [{"key": key, "value": value} for key, value in tags[resourceARN].items()]
    }
    lists = {"list_custom_models": lambda: {"modelSummaries": [*models.values()]}}
    bedrock.get_paginator.side_effect = lambda name: Mock(
        paginate=lambda **_: [lists.get(name, lambda: scripted.bedrock_lists.get(name, {}))()]
    )
    return make_one


def serve(account: ScriptedAccount, arn: str) -> None:
    """A deployment of whatever name serves the model."""
    made = datetime(2026, 11, 22, tzinfo=UTC)
    one = {"customModelDeploymentArn": "arn:d", "customModelDeploymentName": "theirs", "createdAt": made}
    account.bedrock_lists["list_custom_model_deployments"] = {"modelDeploymentSummaries": [one]}  # type: ignore[assignment]
    found = one | {"modelArn": arn, "status": "Active"}
    account.bedrock.get_custom_model_deployment.return_value = found


def name_champion(account: ScriptedAccount, arn: str) -> None:
    champion = {
        "model_arn": arn, "run_id": RUN, "bucket": "b", "prefix": "p", "report": "r", "base_model": NOVA,
        "simulated": False, "promoted_at": "2026-11-22T10:00:00.000Z",
    }  # fmt: skip
    parameter = {"Parameter": {"Value": json.dumps(champion), "Version": 1}}
    account.others["ssm"].get_parameter.side_effect = lambda **_: parameter


def deleted(account: ScriptedAccount) -> list[str]:
    return [call.kwargs["modelIdentifier"] for call in account.bedrock.delete_custom_model.call_args_list]


def test_each_model_has_its_run_age_price_and_use(scripted: ScriptedAccount, make: Made, fine_tune: FineTune) -> None:
    """Those of another environment, or of nobody known, are not ours to tell of."""
    champion, served = make(f"team-{RUN}-c1"), make(f"team-{OTHER}-c1", days=30)
    make(f"team-{OTHER}-c2", {"project": PROJECT, "deployment": "team-eu"})
    make(f"team-{OTHER}-c3", {})
    make("somebody-else")
    name_champion(scripted, champion)
    serve(scripted, served)
    done = fine_tune("models", "--json")
    assert done.exit_code == 0, done.output
    price = default_prices().base_models[NOVA].storage_per_month
    assert price
    one, two = json.loads(done.output)["models"]
    assert (one["arn"], one["run_id"], one["champion"], one["served_by"]) == (champion, RUN, True, [])
    assert (one["age_days"], one["base_model"], one["usd_per_month"]) == (3.0, NOVA, price.usd)
    assert (two["arn"], two["champion"], two["served_by"]) == (served, False, ["custom model deployment arn:d"])
    table = fine_tune("models").output
    assert "3 days ago" in table
    assert f"2 custom models, {2 * price.usd:.2f} USD a month." in table


def test_an_environment_without_models_says_so(make: Made, fine_tune: FineTune) -> None:
    done = fine_tune("models")
    assert (done.exit_code, done.output) == (0, "The environment team has no custom model.\n")


def test_models_are_deleted_by_name_arn_or_run(
    scripted: ScriptedAccount, make: Made, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a person has seen what goes, and has said yes."""
    arns = [make(f"team-{RUN}-c{number}") for number in (1, 2)] + [make(f"team-{OTHER}-c1")]
    monkeypatch.setattr("cli.confirmation.can_answer", lambda: True)
    refused = fine_tune("models", "delete", RUN, input="n\n")
    assert refused.exit_code == 2
    assert "Not confirmed. Nothing was deleted." in refused.output
    assert deleted(scripted) == []
    done = fine_tune("models", "delete", RUN, arns[2], input="y\n")
    assert done.exit_code == 0, done.output
    assert "Delete for good: 3 custom models" in done.output
    assert sorted(deleted(scripted)) == sorted(arns)


def test_nothing_is_deleted_where_nobody_can_confirm(
    scripted: ScriptedAccount, make: Made, fine_tune: FineTune
) -> None:
    """In a script it takes --yes."""
    make(f"team-{RUN}-c1")
    done = fine_tune("models", "delete", RUN)
    assert done.exit_code == 2
    assert "repeat the command with --yes. Nothing was deleted." in done.output
    assert deleted(scripted) == []
    assert fine_tune("models", "delete", RUN, "--yes").exit_code == 0


@pytest.mark.parametrize("use", ["champion", "served"])
def test_what_is_used_goes_only_where_that_is_said(
    scripted: ScriptedAccount, make: Made, fine_tune: FineTune, use: str
) -> None:
    arn, other = make(f"team-{RUN}-c1"), make(f"team-{OTHER}-c1")
    (name_champion if use == "champion" else serve)(scripted, arn)
    done = fine_tune("models", "delete", RUN, OTHER, "--yes")
    assert done.exit_code == 2
    assert f"team-{RUN}-c1 is {use}" in done.output.replace("is the champion", "is champion")
    assert "Nothing was deleted." in done.output
    assert deleted(scripted) == []
    assert fine_tune("models", "delete", RUN, OTHER, "--yes", "--even-if-used").exit_code == 0
    assert sorted(deleted(scripted)) == sorted([arn, other])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("sales-0123456789ac", f"Did you mean {RUN}?"),
        ("arn:m/theirs", "has no custom model 'arn:m/theirs' that a run of it has made."),
        ("theirs", "`fine-tune models` lists them."),
    ],
)
def test_what_is_not_ours_is_not_deleted(
    scripted: ScriptedAccount, make: Made, fine_tune: FineTune, given: str, told: str
) -> None:
    """Whatever else is named beside it: all or nothing."""
    make(f"team-{RUN}-c1")
    make("theirs", {})
    done = fine_tune("models", "delete", RUN, given, "--yes", "--even-if-used")
    assert done.exit_code == 2
    assert told in done.output
    assert deleted(scripted) == []


def test_nothing_is_deleted_where_nobody_knows_the_champion(
    scripted: ScriptedAccount, make: Made, fine_tune: FineTune
) -> None:
    make(f"team-{RUN}-c1")
    unreadable = {"Parameter": {"Value": "nobody", "Version": 1}}
    scripted.others["ssm"].get_parameter.side_effect = lambda **_: unreadable
    for words in (["models"], ["models", "delete", RUN, "--yes"]):
        done = fine_tune(*words)
        assert done.exit_code == 1
        assert "names no champion" in done.output
    assert deleted(scripted) == []
