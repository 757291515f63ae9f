"""`make deploy` and `make destroy`: which environment is meant, and what is told before the CDK CLI starts."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cli import deploy, destroy
from cli.account import NoAccountError
from cli.target import target_of
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.preflight.concurrency import AccountConcurrency
from lambdas.domain.preflight.model import ModelDetails

HAIKU, NOVA = "anthropic.claude-3-haiku-20240307-v1:0:200k", "amazon.nova-lite-v1:0:300k"
LLAMA = "meta.llama3-3-70b-instruct-v1:0:128k"
ACTIVE = ModelDetails("ACTIVE", ("FINE_TUNING",), None, None)


class CallersAccount:
    """A bootstrapped account whose Bedrock describes every model as ACTIVE, and the commands that were run on it."""

    caller = "arn:aws:iam::111122223333:user/one"

    def __init__(self) -> None:
        self.regions: list[str] = []
        self.commands: list[list[str]] = []
        self.status = 0
        self.described: ModelDetails | Exception | None = ACTIVE
        self.bootstrapped: str | ClientError = "28"
        self.parameters: list[str] = []
        self.unreserved: int | Refused = 10
        self.reserved: int | None = None
        self.stacks: dict[str, dict[str, str]] = {}
        models = SimpleNamespace(describe_model=self.describe_model)
        self.adapters = SimpleNamespace(
            foundation_models=models, lambda_account=SimpleNamespace(concurrency=self.concurrency)
        )

    def describe_model(self, _: str) -> ModelDetails | None:
        if isinstance(self.described, Exception):
            raise self.described
        return self.described

    def client(self, _: str) -> Any:
        return self

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.parameters.append(Name)
        if isinstance(self.bootstrapped, ClientError):
            raise self.bootstrapped
        return {"Parameter": {"Value": self.bootstrapped}}

    def concurrency(self) -> AccountConcurrency:
        if isinstance(self.unreserved, Refused):
            raise self.unreserved
        return AccountConcurrency(1000, self.unreserved)

    def get_function_concurrency(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if FunctionName != "team-reconciler":
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": "No."}}
            raise ClientError({**error, "ResponseMetadata": {}}, "GetFunctionConcurrency")  # type: ignore[typeddict-item] # as little as is read
        return {} if self.reserved is None else {"ReservedConcurrentExecutions": self.reserved}

    def describe_stacks(self, **asked: Any) -> dict[str, Any]:
        if outputs := self.stacks.get(asked["StackName"]):
            return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}]}
        raise ClientError({"Error": {"Code": "ValidationError", "Message": "it does not exist"}}, "DescribeStacks")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> CallersAccount:
    found = CallersAccount()

    def account_of(region: str) -> CallersAccount:
        found.regions.append(region)
        return found

    def run(words: list[str], **_: object) -> SimpleNamespace:
        found.commands.append(words)
        return SimpleNamespace(returncode=found.status)

    monkeypatch.setattr(deploy, "account_of", account_of)
    monkeypatch.setattr(destroy, "account_of", account_of)
    monkeypatch.setattr(subprocess, "run", run)
    return found


def run(command: Any, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(command.app, list(options))
    return done.exit_code, " ".join(done.output.split())


def context(**settings: str) -> list[str]:
    return [word for name, value in settings.items() for word in ("--context", f"fine-tuning:{name}={value}")]


@pytest.mark.parametrize("command", [deploy, destroy])
@pytest.mark.parametrize(
    ("options", "settings", "region"),
    [
        ([], {}, "us-east-1"),
        (
            ["--model", "amazon.nova-pro-v1:0"],
            {"region": "us-east-1", "base_model": "amazon.nova-pro-v1:0:300k"},
            "us-east-1",
        ),
        (["--model", LLAMA], {"region": "us-west-2", "base_model": LLAMA}, "us-west-2"),
        (["--deployment", "team-a"], {"deployment": "team-a"}, "us-east-1"),
        (
            ["--model", LLAMA, "--region", "us-west-2", "--deployment", "team-a"],
            {"deployment": "team-a", "region": "us-west-2", "base_model": LLAMA},
            "us-west-2",
        ),
    ],
)
def test_a_model_brings_its_region_and_both_commands_mean_the_same_environment(
    command: Any, options: list[str], settings: dict[str, str], region: str, account: CallersAccount
) -> None:
    """Two settings that only fit together are one choice of the user."""
    status, output = run(command, *options)
    assert status == 0, output
    assert account.regions == [region]
    assert account.commands == [["cdk", command.__name__.removeprefix("cli."), "--all", *context(**settings)]]


def test_a_region_where_the_model_cannot_be_tuned_is_refused(account: CallersAccount) -> None:
    """Nothing is made there that could run nothing."""
    for options in (["--model", LLAMA, "--region", "us-east-1"], ["--region", "us-west-2"]):
        status, output = run(deploy, *options)
        assert status == 2
        assert "can be customized in" in output
    assert account.commands == []


def test_a_region_alone_is_enough_to_delete_stacks_in_it(account: CallersAccount) -> None:
    """Which model they tuned does not matter any more."""
    assert run(destroy, "--region", "us-west-2")[0] == 0
    assert "fine-tuning:region=us-west-2" in account.commands[0]


@pytest.mark.parametrize("options", [["--model", "gpt"], ["--deployment", "no--name"], ["--region", "mars"]])
def test_what_cannot_be_meant_is_refused_in_a_sentence(options: list[str], account: CallersAccount) -> None:
    """Not by a traceback of the app that the CDK CLI calls."""
    status, output = run(deploy, *options)
    assert status == 2
    assert options[1] in output
    assert account.commands == []


def test_deploy_says_first_what_goes_where(account: CallersAccount) -> None:
    """Credentials of another account are noticed before anything is made."""
    assert f"fine-tuning in us-east-1 of the account 111122223333, tuning {NOVA}." in run(deploy)[1]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--model", LLAMA], "--deployment fine-tuning --region us-west-2"),
        (["--model", LLAMA, "--deployment", "team-a"], "--deployment team-a --region us-west-2"),
        ([], "--deployment fine-tuning --region us-east-1"),
    ],
)
def test_deploy_ends_with_the_command_that_runs_on_what_it_has_deployed(
    options: list[str], named: str, account: CallersAccount
) -> None:
    """Without options, `fine-tune run` means the environment of cdk.json, which may be in another Region."""
    status, output = run(deploy, *options)
    assert status == 0
    assert output.endswith(f"fine-tune run my-questions.jsonl {named}")


def test_a_deployment_that_fails_names_no_command(account: CallersAccount) -> None:
    account.status = 1
    status, output = run(deploy)
    assert status == 1
    assert "fine-tune run" not in output


def refused() -> Refused:
    return Refused("GetFoundationModel", "AccessDeniedException", "no")


@pytest.mark.parametrize(
    ("described", "said"),
    [
        (None, "Bedrock knows no model"),
        (
            ModelDetails("LEGACY", ("FINE_TUNING",), None, datetime(2026, 9, 10, tzinfo=UTC).date()),
            "past its end of life",
        ),
        (ModelDetails("ACTIVE", (), None, None), "no fine-tuning"),
        (refused, "The end of life of"),
    ],
    ids=["gone", "legacy", "not tunable", "unknown"],
)
def test_a_model_past_its_end_of_life_is_told_before_anything_is_made(
    described: ModelDetails | Callable[[], Exception] | None, said: str, account: CallersAccount
) -> None:
    """Each of its runs would be refused; the sentence names a model that works."""
    account.described = described() if callable(described) else described
    status, output = run(deploy, "--model", HAIKU)
    assert status == 2
    assert said in output
    assert "make deploy MODEL=amazon.nova-2-lite-v1:0:256k" in output
    assert account.commands == []


def test_an_account_that_may_still_tune_an_old_model_deploys_with_a_warning(account: CallersAccount) -> None:
    """AWS's answer wins over the catalogue's date."""
    status, output = run(deploy, "--model", HAIKU)
    assert (status, len(account.commands)) == (0, 1)
    assert "although its documented end of life is past" in output


def test_a_caller_who_may_not_ask_for_the_model_deploys_all_the_same(account: CallersAccount) -> None:
    """A run's preflight asks again, as a role that may."""
    account.described = refused()
    assert run(deploy)[0] == 0
    assert len(account.commands) == 1


def missing(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No."}}, "GetParameter")


@pytest.mark.parametrize(
    ("bootstrapped", "said"),
    [(missing("ParameterNotFound"), "is not bootstrapped in us-east-1"), ("5", "is of version 5, and 6 is needed")],
)
def test_a_region_that_is_not_bootstrapped_is_told_with_the_command(
    bootstrapped: str | ClientError, said: str, account: CallersAccount
) -> None:
    """The CDK CLI would say it after minutes, and without the command that helps here."""
    account.bootstrapped = bootstrapped
    status, output = run(deploy)
    assert status == 2
    assert said in output
    assert "node_modules/.bin/cdk bootstrap aws://111122223333/us-east-1" in output
    assert account.parameters == ["/cdk-bootstrap/hnb659fds/version"]
    assert account.commands == []


def test_a_caller_who_may_not_read_the_parameter_deploys_all_the_same(account: CallersAccount) -> None:
    """The CDK CLI reads it as a role of its own."""
    account.bootstrapped = missing("AccessDeniedException")
    status, output = run(deploy)
    assert (status, len(account.commands)) == (0, 1)
    assert "cannot be told" in output


def test_without_an_account_nothing_is_started(account: CallersAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the remedy, not the CDK CLI's words."""

    def nobody(_: str) -> None:
        raise NoAccountError("There are no AWS credentials: sign in.")

    monkeypatch.setattr(deploy, "account_of", nobody)
    assert run(deploy) == (2, "There are no AWS credentials: sign in.")
    assert account.commands == []


RESERVES = "fine-tuning:reconciler_reserved_concurrency=5"


@pytest.mark.parametrize(("unreserved", "reserves"), [(10, False), (104, False), (105, True), (1000, True)])
def test_a_part_for_the_reconciler_is_reserved_where_the_account_can_spare_it(
    unreserved: int, reserves: bool, account: CallersAccount
) -> None:
    """Lambda refuses a reservation that leaves others less than 100, and the deployment with it."""
    account.unreserved = unreserved
    status, output = run(deploy)
    assert status == 0, output
    assert (RESERVES in account.commands[0]) is reserves
    assert ("reserved for the reconciler" in output) is reserves


@pytest.mark.parametrize(
    ("unreserved", "reserved", "function", "reserves"),
    [
        (100, 5, "team-reconciler", True),
        (104, None, "team-reconciler", False),
        (99, 5, "team-reconciler", False),
        (100, 5, "gone", False),
    ],
)
def test_a_second_deployment_reserves_what_the_first_has(
    unreserved: int, reserved: int | None, function: str, reserves: bool, account: CallersAccount
) -> None:
    """What is unreserved lacks the reconciler's own part by then; where the account has shrunk, it is given back."""
    account.unreserved, account.reserved = unreserved, reserved
    account.stacks["team-pipeline"] = {"ReconcilerFunction": function}
    assert run(deploy, "--deployment", "team")[0] == 0
    assert (RESERVES in account.commands[0]) is reserves


def test_a_reservation_that_the_user_has_set_stays(account: CallersAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then cdk.json says it, and nothing is asked."""
    account.unreserved = 1000
    found = target_of(None, None, None)
    settings = found.settings.model_copy(update={"reconciler_reserved_concurrency": 7})
    monkeypatch.setattr(deploy, "target_of", lambda *_: replace(found, settings=settings))
    assert run(deploy)[0] == 0
    assert account.commands == [["cdk", "deploy", "--all"]]


def test_a_caller_who_may_not_ask_for_the_concurrency_deploys_all_the_same(account: CallersAccount) -> None:
    """Without a reservation, as before; the preflight recommends it."""
    account.unreserved = Refused("GetAccountSettings", "AccessDeniedException", "no")
    status, output = run(deploy)
    assert (status, account.commands) == (0, [["cdk", "deploy", "--all"]])
    assert "No concurrency is reserved" in output
