"""`make smoke`: what it chooses, what it refuses, and that whatever it has created is destroyed."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from cli.account import NoAccountError
from cli.data_set import files_of
from cli.deploy import NotDeployableError
from cli.preflight import plan_of
from cli.run import InterruptedRunError
from cli.smoke import __main__ as command
from cli.smoke import removal
from cli.smoke import run as smoke_run
from cli.smoke.caller import OWN_ACTIONS, OWN_KEY_ACTIONS, NotPermittedError, check_caller
from cli.smoke.choice import NoModelError, cheapest, most_usd
from cli.smoke.outside import SmokeCheck
from cli.smoke.places import CallersAccount
from cli.smoke.removal import remove
from cli.smoke.run import EXAMPLE, choose
from cli.target import RequestedEnvironment, target_of
from cli.validate import choose as choose_settings
from cli.validate import validate
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.preflight.checks import Check as PreflightCheck
from lambdas.domain.preflight.checks import document, fail
from stacks.authorization import request_findings
from stacks.settings import Settings

TODAY = date(2026, 11, 28)
READER = "arn:aws:sts::111122223333:assumed-role/reader/session"
NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
LLAMA = "meta.llama3-1-70b-instruct-v1:0:128k"


def refusal(code: str, message: str = "No.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def settings(region: str) -> Settings:
    return target_of(None, region, None, any_model=True).settings


def usd(model: str, region: str) -> float:
    choices, _ = choose_settings(None, base_model=model)
    checked = validate(files_of(EXAMPLE), choices, (), opener=lambda path: path.open("rb"))
    plan = plan_of(checked, settings(region))
    assert plan is not None
    most = most_usd(plan, default_prices(), lease_hours=8)
    assert most is not None
    return most


class FakeAccount:
    """An account in which nothing of the environment is, or what is put there."""

    region = "us-east-1"
    caller = "arn:aws:iam::111122223333:user/one"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.stacks: set[str] = set()
        self.models: list[str] = []
        self.jobs: list[dict[str, str]] = []
        self.denied: set[str] = set()
        self.simulated: list[dict[str, Any]] = []
        self.failing: set[str] = set()
        self.staying: set[str] = set()
        self.key_state = "PendingDeletion"

    def client(self, service: str) -> Any:
        client = Mock()
        client.get_paginator.side_effect = lambda name: SimpleNamespace(
            paginate=lambda **asked: self._pages(name, asked)
        )
        client.describe_stacks.side_effect = self._describe
        client.list_buckets.return_value = {"Buckets": []}
        client.list_tags_for_resource.return_value = {"tags": [{"key": "deployment", "value": "smoke-1"}]}
        client.delete_custom_model.side_effect = self._delete_model
        client.delete_parameter.side_effect = refusal("ParameterNotFound")
        client.get_parameter.side_effect = refusal("ParameterNotFound")
        client.get_queue_url.side_effect = refusal("AWS.SimpleQueueService.NonExistentQueue")
        client.get_queue_url.return_value = {"QueueUrl": "the-url"}
        for operation in self.staying:
            getattr(client, operation).side_effect = None
        client.describe_key.return_value = {"KeyMetadata": {"KeyState": self.key_state}}
        key = {"ResourceType": "AWS::KMS::Key", "PhysicalResourceId": "the-key"}
        client.describe_stack_resources.return_value = {"StackResources": [key]}
        client.get_role.return_value = {"Role": {"Arn": "arn:aws:iam::111122223333:role/path/reader"}}
        return client

    def _describe(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if StackName not in self.stacks:
            raise refusal("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [{"Outputs": []}]}

    def _delete_model(self, *, modelIdentifier: str) -> None:  # noqa: N803 - boto3's name
        if {"delete_custom_model", modelIdentifier} & self.failing:
            raise refusal("AccessDeniedException")
        self.calls.append(f"delete {modelIdentifier}")
        self.models.remove(modelIdentifier)

    def _pages(self, name: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if name == "simulate_principal_policy":
            self.simulated.append(asked)
            yield {
                "EvaluationResults": [
                    {"EvalActionName": each, "EvalDecision": "implicitDeny" if each in self.denied else "allowed"}
                    for each in asked["ActionNames"]
                ]
            }
            return
        jobs, self.jobs = self.jobs, self.jobs[1:]
        yield {
            "provisionedModelSummaries": [],
            "modelDeploymentSummaries": [],
            "modelCustomizationJobSummaries": jobs,
            "modelSummaries": [{"modelName": f"smoke-1-{arn}", "modelArn": arn} for arn in self.models],
            "logGroups": [],
        }


class FakePlace:
    """The fake account with a CDK CLI that notes its commands."""

    patience_seconds = 0.0
    pause_seconds = 0.0

    def __init__(self) -> None:
        self.fake = FakeAccount()
        self.settings: dict[str, str] = {}
        self.status = {"deploy": 0, "destroy": 0}

    @property
    def account(self) -> Any:
        return self.fake

    def cdk(self, command: str, _: RequestedEnvironment) -> int:
        self.fake.calls.append(f"cdk {command}")
        return self.status[command]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> FakePlace:
    fake = FakePlace()
    monkeypatch.setattr(command, "account_of", lambda _: fake.fake)
    monkeypatch.setattr(command, "CallersAccount", lambda _: fake)
    monkeypatch.setattr(smoke_run, "check_deployment", lambda *_: iter(()))
    monkeypatch.setattr(
        smoke_run, "check_run", lambda *_, **__: document([PreflightCheck("role-can-be-passed")], "now", None)
    )
    monkeypatch.setattr(smoke_run, "environment_of", lambda *_: None)
    monkeypatch.setattr(smoke_run, "_run", lambda *_: [SmokeCheck("one thing")])
    return fake


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str, answer: str = "") -> Result:
    words = ("--target", "aws", "--region", "us-east-1", "--out", "smoke", *words)
    return CliRunner().invoke(command.app, words, input=answer)


def raising(error: BaseException) -> Callable[..., Any]:
    def fail_with(*_: object, **__: object) -> Any:
        raise error

    return fail_with


def test_the_model_whose_run_can_cost_the_least_is_chosen() -> None:
    """By the prices and the catalogue, not by a name."""
    choice = cheapest(EXAMPLE, "us-east-1", settings("us-east-1"), default_prices(), TODAY)
    assert choice.model.customization_id == NOVA_MICRO
    for dearer in ("amazon.nova-lite-v1:0:300k", "amazon.nova-pro-v1:0:300k"):
        assert usd(dearer, "us-east-1") > choice.most_usd


def test_a_throughput_counts_with_its_whole_lease() -> None:
    """That is the longest that it can live, at 24 USD an hour."""
    assert usd(LLAMA, "us-west-2") >= 8 * 24


def test_the_environment_has_a_name_of_its_own_and_keeps_nothing() -> None:
    """Two smoke tests at a time do not meet, and neither meets what is deployed."""
    (one, choice), (two, _) = choose("us-east-1", 10), choose("us-east-1", 10)
    assert one.settings.deployment.startswith("smoke-")
    assert one.settings.deployment != two.settings.deployment
    assert (one.settings.keep_data, one.settings.approval_hours) == (False, None)
    assert one.settings.max_run_cost_usd == 10
    assert one.settings.base_model == choice.model.customization_id


def test_a_region_without_a_model_is_told_with_those_that_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is created for a typing error."""
    usual = settings("us-east-1")
    with pytest.raises(NoModelError, match="tuned in eu-north-1: name another Region, REGION= one of us-east-1"):
        cheapest(EXAMPLE, "eu-north-1", usual, default_prices(), TODAY)
    done = CliRunner().invoke(command.app, ["--target", "aws", "--region", "eu-north-1"])
    assert done.exit_code == 2, done.output
    assert "eu-north-1" in done.output


def test_a_run_that_can_cost_more_than_the_cap_is_not_begun(place: FakePlace) -> None:
    """The cap stands before anything is created."""
    done = run("--cap", "0.05", "--yes")
    assert done.exit_code == 2
    assert "more than the cap of 0.05 USD: allow it with CAP=" in done.output
    assert place.fake.calls == []


def test_nothing_is_created_without_a_yes(place: FakePlace) -> None:
    """The most that it can cost is in the question; without a terminal there is no answer."""
    for answer in ("n\n", ""):
        done = run(answer=answer)
        assert done.exit_code == 2
        assert "It can cost up to" in done.output
        assert "Nothing was created" in done.output
    assert place.fake.calls == []
    assert run(answer="y\n").exit_code == 0


def test_what_was_deployed_is_destroyed_and_told(place: FakePlace) -> None:
    """And another environment's model stays, whose name begins alike."""
    place.fake.models = ["arn:model"]
    done = run("--yes")
    assert done.exit_code == 0, done.output
    assert place.fake.calls == ["cdk deploy", "cdk destroy"]
    assert "✓ one thing" in done.output
    assert "is gone: no stack, bucket, model, job" in done.output


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), 130),
        (InterruptedRunError("goes on"), 130),
        (refusal("Throttling"), 1),
        (SystemExit(143), 143),
    ],
)
def test_whatever_ends_the_run_what_was_created_is_destroyed(
    error: BaseException, status: int, place: FakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C, a signal and an error alike."""
    monkeypatch.setattr(smoke_run, "_run", raising(error))
    done = run("--yes")
    assert done.exit_code == status
    assert place.fake.calls == ["cdk deploy", "cdk destroy"]
    assert "is gone: no stack" in done.output


def test_a_deployment_that_fails_half_way_is_destroyed(place: FakePlace) -> None:
    """CloudFormation may have made one stack of two."""
    place.status["deploy"] = 1
    done = run("--yes")
    assert done.exit_code == 1
    assert place.fake.calls == ["cdk deploy", "cdk destroy"]
    assert "The deployment has failed" in done.output
    assert "No report says what the run has cost. By the estimate it is at most" in " ".join(done.output.split())


def test_what_is_left_is_named_with_how_to_delete_it_and_fails_the_test(place: FakePlace) -> None:
    """A stack that could not be deleted costs something."""
    place.status["destroy"] = 1
    place.fake.stacks = {"smoke-1-data"}
    target = target_of(None, "us-east-1", "smoke-1")
    told: list[str] = []
    problems = remove(place, target, told.append)
    assert problems == [
        "the stacks could not be deleted: the CDK CLI ended with exit status 1",
        "the stack smoke-1-data",
    ]
    assert told == [f"Left: {each}" for each in problems]
    done = run("--yes")
    assert done.exit_code == 1
    assert "is NOT gone as a whole: `make destroy DEPLOYMENT=smoke-" in done.output


def test_a_step_of_the_removal_that_fails_stops_no_other(place: FakePlace) -> None:
    """Each thing left bills for itself."""
    place.fake.models, place.fake.failing = ["arn:model"], {"delete_custom_model"}
    problems = remove(place, target_of(None, "us-east-1", "smoke-1"), lambda _: None)
    assert [each.split(" could not")[0] for each in problems] == ["custom models", "the custom model arn:model"]


def test_a_model_that_cannot_be_deleted_keeps_no_other(place: FakePlace) -> None:
    place.fake.models, place.fake.failing = ["arn:1", "arn:2", "arn:3"], {"arn:1", "arn:2"}
    [refused, *listed] = remove(place, target_of(None, "us-east-1", "smoke-1"), lambda _: None)
    assert "arn:1: " in refused
    assert "arn:2: " in refused
    assert listed == ["the custom model arn:1", "the custom model arn:2"]
    assert "delete arn:3" in place.fake.calls


def test_queue_parameter_and_key_that_stay_are_left(place: FakePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "LONGEST_QUEUE_SECONDS", 0)
    place.fake.stacks = {"smoke-1-data"}
    place.fake.staying, place.fake.key_state = {"get_queue_url", "get_parameter"}, "Enabled"
    assert remove(place, target_of(None, "us-east-1", "smoke-1"), lambda _: None) == [
        "the stack smoke-1-data",
        "the queue smoke-1-inbox",
        "the SSM parameter /smoke-1/champion",
        "the SSM parameter /smoke-1/endpoint",
        "the KMS key the-key",
    ]


def test_the_removal_waits_for_a_job_that_is_being_stopped_before_it_looks_for_models(place: FakePlace) -> None:
    """A job may still make a model while it is stopped."""
    place.fake.jobs = [{"jobName": "smoke-1-r-c1", "status": "Stopping"}] * 2
    place.fake.models = ["arn:model"]
    assert remove(place, target_of(None, "us-east-1", "smoke-1"), lambda _: None) == []
    assert place.fake.calls == ["cdk destroy", "delete arn:model"]


def test_ctrl_c_during_the_removal_says_how_to_go_on(place: FakePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else would know the name."""
    monkeypatch.setattr(smoke_run, "remove", raising(KeyboardInterrupt()))
    done = run("--yes")
    assert done.exit_code == 130
    assert "is NOT gone. Delete it with `make destroy DEPLOYMENT=smoke-" in done.output


def test_a_check_that_fails_fails_the_test(place: FakePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the environment goes all the same."""
    monkeypatch.setattr(smoke_run, "_run", lambda *_: [SmokeCheck("one thing", "it is another")])
    done = run("--yes")
    assert done.exit_code == 1
    assert "✗ one thing: it is another" in done.output
    assert place.fake.calls == ["cdk deploy", "cdk destroy"]


@pytest.mark.parametrize(
    "error", [NoAccountError("There are no AWS credentials."), NotDeployableError("No bootstrap.")]
)
def test_what_cannot_be_deployed_is_one_sentence(
    error: Exception, place: FakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No credentials, or an account that is not bootstrapped."""
    at = (command, "account_of") if isinstance(error, NoAccountError) else (smoke_run, "check_deployment")
    monkeypatch.setattr(*at, raising(error))
    done = run("--yes")
    assert (done.exit_code, done.output.strip()) == (2, str(error))
    assert place.fake.calls == []


def test_an_account_without_quota_is_one_sentence(place: FakePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The preflight's own, with its remedy."""
    found = document([fail("quota", "The quota is 0.", "Ask for more.")], "now", None)
    monkeypatch.setattr(smoke_run, "check_run", lambda *_, **__: found)
    done = run("--yes")
    assert (done.exit_code, done.output.strip()) == (2, "The quota is 0. Ask for more. Nothing was created.")
    assert place.fake.calls == []


def test_a_role_that_only_reads_is_refused_with_what_it_lacks(place: FakePlace) -> None:
    """IAM is asked before anything is created, for the role and not for its session."""
    place.fake.caller = READER
    place.fake.denied = {"s3:PutObject", "sts:AssumeRole"}
    done = run("--yes")
    assert done.exit_code == 2
    assert f"{READER} may not do s3:PutObject, sts:AssumeRole: use a role" in done.output
    assert {each["PolicySourceArn"] for each in place.fake.simulated} == {"arn:aws:iam::111122223333:role/path/reader"}
    assert place.fake.calls == []


def test_where_iam_does_not_tell_the_test_goes_on_with_a_sentence(place: FakePlace) -> None:
    """A role may do all of it without permission to simulate."""
    account = Mock(region="us-east-1", caller="arn:aws:iam::111122223333:user/one")
    account.client.return_value.get_paginator.return_value.paginate.side_effect = refusal("AccessDenied")
    [sentence] = check_caller(account, target_of(None, "us-east-1", "smoke-1"))
    assert "cannot be told" in sentence
    account.caller = "arn:aws:iam::111122223333:root"
    assert list(check_caller(account, target_of(None, "us-east-1", "smoke-1"))) == []
    place.fake.denied = {"sns:Subscribe"}
    with pytest.raises(NotPermittedError):
        list(check_caller(place.account, target_of(None, "us-east-1", "smoke-1")))


def test_each_action_that_iam_is_asked_for_is_one() -> None:
    """A misspelt one would refuse everybody."""
    needed = [*OWN_ACTIONS.values(), *OWN_KEY_ACTIONS.values()]
    assert [found for actions in needed for action in actions for found in request_findings(action, ["*"], [])] == []


def test_the_cdk_cli_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one question has the price in it."""
    commands: list[list[str]] = []

    def note(words: list[str], **_: object) -> SimpleNamespace:
        commands.append(words)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr("subprocess.run", note)
    target = target_of(None, "us-east-1", "smoke-1")
    on_aws = CallersAccount(Mock())
    assert on_aws.cdk("deploy", target) == on_aws.cdk("destroy", target) == 0
    assert commands[0][:5] == ["cdk", "deploy", "--all", "--require-approval", "never"]
    assert commands[1][:4] == ["cdk", "destroy", "--all", "--force"]
    assert all("fine-tuning:deployment=smoke-1" in words for words in commands)
