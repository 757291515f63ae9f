"""Settings are refused by their names, before anything is synthesised."""

import json
import re
from datetime import datetime, tzinfo
from pathlib import Path

import aws_cdk as cdk
import cfnlint
import pytest
from aws_cdk import aws_logs as logs

from lambdas.handlers.environment import EnvironmentVariables
from stacks.functions import limits_on_runs
from stacks.log_groups import RETENTION
from stacks.settings import RUNTIMES, Settings, SettingsError, settings_from

# Those that Environment needs, whatever they are.
VARIABLES = {
    "OUTPUT_BUCKET": "bucket",
    "DEPLOYMENT": "team",
    "CUSTOMIZATION_ROLE_ARN": "arn:aws:iam::123456789012:role/one",
    "DEFAULT_BASE_MODEL": "model",
    "MAX_THROUGHPUTS": "1",
    "LONGEST_LEASE_HOURS": "8",
    "LONGEST_RUN_HOURS": "168",
}


def test_defaults_are_those_of_an_empty_context() -> None:
    """A context without the project's key still deploys."""
    assert settings_from({}) == Settings()
    assert Settings().keep_data is True


def test_command_line_overrides_cdk_json() -> None:
    """`-c` brings texts: they are converted to the setting's own type."""
    context = {
        "fine-tuning": {"max_concurrency": 10, "keep_data": True, "notification_email": "a@example.com"},
        "fine-tuning:max_concurrency": "2",
        "fine-tuning:keep_data": "false",
        "fine-tuning:log_retention_days": "365",
        "fine-tuning:notification_email": "null",
        "fine-tuning:tags": '{"team": "search"}',
        "@aws-cdk/some:flag": True,
    }
    settings = settings_from(context)
    assert settings.max_concurrency == 2
    assert settings.keep_data is False
    assert settings.log_retention_days == 365
    assert settings.notification_email is None
    assert settings.tags == {"team": "search"}


def test_limits_on_run_json_reach_the_functions() -> None:
    """What the command line gives as JSON is what ValidateDataset goes by: null and an empty list are not the same."""
    given = {
        "fine-tuning:gate": '{"smallest_gain": 2}',
        "fine-tuning:allowed_models": "[]",
        "fine-tuning:max_runs_per_day": "null",
    }
    for context, gate, models in (({}, {}, None), (given, {"smallest_gain": 2.0}, ())):
        settings = settings_from(context)
        read = EnvironmentVariables.model_validate({**VARIABLES, **limits_on_runs(settings)})
        assert read.gate.model_dump(exclude_unset=True) == gate
        assert read.allowed_models == models
        assert read.max_runs_per_day == settings.max_runs_per_day


def test_unknown_setting_is_refused_by_name() -> None:
    """A misspelt setting must not be silently without effect."""
    with pytest.raises(SettingsError, match=r'There is no setting "max_concurency".*max_concurrency'):
        settings_from({"fine-tuning:max_concurency": "3"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deployment", "twenty-one-characters"),
        ("deployment", "double--hyphen"),
        ("deployment", "1st"),
        ("deployment", "line\n"),
        ("deployment", "aws-team"),
        ("deployment", "AWSteam"),
        ("deployment", "Ssm"),
        ("region", "mars"),
        ("base_model", "haiku"),
        ("base_model", "foo.bar-1:0"),
        ("base_model", "arn:aws:bedrock:us-west-2::foundation-model/x"),
        ("customer_managed_key", "perhaps"),
        ("notification_email", "nobody"),
        ("max_concurrency", "0"),
        ("max_concurrency", "many"),
        ("lambda_runtime", "python3.9"),
        ("lambda_runtime", "python3.10"),
        ("lambda_architecture", "host"),
        ("layer_platform", "docker"),
        ("log_retention_days", "31"),
        ("keep_data", None),
        ("gate", {"least_gain": 1}),
        ("gate", {"smallest_gain": -1}),
        ("gate", {"interval_must_exclude_zero": False}),
        ("gate", "strict"),
        ("allowed_models", "amazon.nova-lite-v1:0"),
        ("allowed_models", ["a b"]),
        ("allowed_models", [f"a.model-{number:03}" for number in range(150)]),
        ("vpc_subnet_ids", ["vpc-1"]),
        ("vpc_subnet_ids", [f"subnet-{number}" for number in range(17)]),
        ("vpc_security_group_ids", "sg-1"),
        ("vpc_security_group_ids", [f"sg-{number}" for number in range(6)]),
        ("tags", {"aws:owner": "x"}),
        ("tags", {"Team": "a", "team": "b"}),
        ("tags", {"Deployment": "another"}),
        ("tags", {"deployment": "another"}),
        ("tags", "team=search"),
        ("tags", {"team": 3}),
    ],
)
def test_wrong_value_is_refused_with_what_is_allowed(name: str, value: object) -> None:
    """The message names the setting, the value, and the allowed values: no look-up needed."""
    with pytest.raises(SettingsError) as refusal:
        settings_from({"fine-tuning": {name: value}})
    assert f'The setting "{name}" cannot be {value!r}' in str(refusal.value)
    assert str(Settings.model_fields[name].description) in str(refusal.value)


@pytest.mark.parametrize("runtime", ["python3.11", "python3.12", "python3.15"])
def test_an_emulator_runs_the_functions_on_any_python_of_this_machine(runtime: str) -> None:
    """The demo runs from Python 3.11 on; which runtimes AWS has says nothing of it."""
    given = {"fine-tuning": {"lambda_runtime": runtime, "layer_platform": "host"}}
    assert settings_from(given).lambda_runtime == runtime
    with pytest.raises(SettingsError):
        settings_from({"fine-tuning": {"lambda_runtime": "nodejs22.x", "layer_platform": "host"}})


def test_a_runtime_is_allowed_until_aws_makes_no_function_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation would say it half through the deployment."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Later":
            return cls(2028, 11, 30, tzinfo=tz)

    given = {"fine-tuning:lambda_runtime": "python3.12"}
    assert settings_from(given).lambda_runtime == "python3.12"
    monkeypatch.setattr("stacks.settings.datetime", Later)
    with pytest.raises(SettingsError, match=r"python3\.12 \(until 2028-11-30\)"):
        settings_from(given)


def test_the_runtimes_are_those_that_the_code_runs_on_with_aws_s_dates() -> None:
    """cfn-lint has AWS's list; a new runtime, or a new date, is seen when it is updated. 3.11 is too old for numpy."""
    known = json.loads((Path(cfnlint.__file__).parent / "data/AdditionalSpecs/LmbdRuntimeLifecycle.json").read_text())
    python = {name: life["create-block"] for name, life in known.items() if re.fullmatch(r"python3\.1[2-9]", name)}
    assert python == RUNTIMES


def test_a_base_models_arn_is_as_good_as_its_id() -> None:
    """The Bedrock console shows the ARN."""
    model = "amazon.nova-lite-v1:0:300k"
    given = {"base_model": f"arn:aws:bedrock:us-east-1::foundation-model/{model}", "region": "us-east-1"}
    assert settings_from({"fine-tuning": given}).base_model == model


def test_all_wrong_settings_are_told_at_once() -> None:
    """Nobody likes to correct one setting per deployment."""
    with pytest.raises(SettingsError) as refusal:
        settings_from({"fine-tuning": {"region": "mars", "max_concurrency": 0, "colour": "red"}})
    assert all(f'"{name}"' in str(refusal.value) for name in ("region", "max_concurrency", "colour"))


@pytest.mark.parametrize(
    ("key", "right"),
    [
        ("fine-tunning:region", "fine-tuning:region"),
        ("finetuning:region", "fine-tuning:region"),
        ("fine_tuning:max_concurency", "fine-tuning:max_concurrency"),
        ("Fine-Tuning:region", "fine-tuning:region"),
        ("fine-tuning.region", "fine-tuning:region"),
        ("fine-tuning/regoin", "fine-tuning:region"),
        ("fine-tunning:colour", "fine-tuning:colour"),
        ("fine-tunning", "fine-tuning"),
        ("region", "fine-tuning:region"),
        ("regoin", "fine-tuning:region"),
        ("base-model", "fine-tuning:base_model"),
        ("baseModel", "fine-tuning:base_model"),
        ("tags", "fine-tuning:tags"),
        ("model", "fine-tuning:base_model"),
        ("fine-tunning:model", "fine-tuning:base_model"),
        ("email", "fine-tuning:notification_email"),
    ],
)
def test_a_context_key_that_is_close_to_ours_is_refused_with_the_right_one(key: str, right: str) -> None:
    """CDK takes any key: the environment would be made with the default, in another Region perhaps."""
    with pytest.raises(SettingsError) as refusal:
        settings_from({key: "us-west-2"})
    assert str(refusal.value) == f'The context key "{key}" has no effect. Use "{right}".'


def test_a_misspelt_setting_is_refused_with_the_one_that_was_meant() -> None:
    """`-c fine-tuning:regoin=…`."""
    with pytest.raises(SettingsError, match=r'no setting "regoin". Did you mean "region"\?'):
        settings_from({"fine-tuning:regoin": "us-west-2"})


@pytest.mark.parametrize(
    "key",
    [
        "@aws-cdk/core:target-partitions",
        "@aws-cdk-containers/ecs-service-extensions:enableDefaultLogDriver",
        "aws:cdk:enable-path-metadata",
        "aws-cdk:enableDiffNoFail",
        "availability-zones:account=123456789012:region=us-east-1",
        "vpc-provider:account=123456789012:filter.vpc-id=vpc-1:region=us-east-1:returnAsymmetricSubnets=true",
        "my-company:cost",
        "stage",
    ],
)
def test_keys_of_the_cdk_and_of_others_pass(key: str) -> None:
    """The context is not this project's alone."""
    assert settings_from({key: "x"}) == Settings()


def test_context_that_is_no_mapping_is_refused() -> None:
    """`-c fine-tuning=…` replaces the whole mapping by a text: it is told, not taken for no settings."""
    with pytest.raises(SettingsError, match="must be a mapping"):
        settings_from({"fine-tuning": "max_concurrency=2"})


def test_every_retention_reaches_cloudwatch_as_its_number_of_days() -> None:
    """CDK knows the retention times by names only; a shifted table would keep logs for another time."""
    stack = cdk.Stack(cdk.App())
    for days, retention in RETENTION.items():
        group = logs.LogGroup(stack, f"Logs{days}", retention=retention).node.default_child
        assert isinstance(group, logs.CfnLogGroup)
        assert group.retention_in_days == days


def test_an_approval_that_outlasts_the_run_is_refused() -> None:
    """The execution would time out while somebody still may answer, and nobody would be told why."""
    with pytest.raises(SettingsError, match=r'"approval_hours" and "longest_run_hours".*below 24'):
        settings_from({"fine-tuning": {"approval_hours": 24, "longest_run_hours": 24}})
    assert settings_from({"fine-tuning": {"approval_hours": 23, "longest_run_hours": 24}}).approval_hours == 23


@pytest.mark.parametrize("name", ["vpc_subnet_ids", "vpc_security_group_ids"])
def test_a_vpc_needs_subnets_and_security_groups(name: str) -> None:
    """Bedrock takes both or none."""
    both = {"fine-tuning:vpc_subnet_ids": '["subnet-1"]', "fine-tuning:vpc_security_group_ids": '["sg-1"]'}
    assert settings_from(both).vpc_subnet_ids == ("subnet-1",)
    with pytest.raises(SettingsError, match="go together"):
        settings_from({**both, f"fine-tuning:{name}": "null"})


def test_a_region_where_the_base_model_cannot_be_tuned_is_refused() -> None:
    """Otherwise each run would fail, hours after the deployment."""
    with pytest.raises(SettingsError, match=r'"base_model" and "region".*us-east-1, not in eu-central-1'):
        settings_from({"fine-tuning:region": "eu-central-1"})


def test_a_stalled_job_is_told_before_it_is_ended() -> None:
    """Nobody could do anything about it otherwise."""
    with pytest.raises(SettingsError, match=r'"stalled_job_told_hours" and "stalled_job_ended_hours".*above 6'):
        settings_from({"fine-tuning": {"stalled_job_ended_hours": 6}})
    assert settings_from({"fine-tuning": {"stalled_job_ended_hours": 7}}).stalled_job_ended_hours == 7


def test_models_are_deleted_by_age_only_after_two_weeks_or_more() -> None:
    """People are told a week before: a model of a run that has just ended is none to tell of."""
    with pytest.raises(SettingsError, match=r'"keep_models_days" cannot be 13'):
        settings_from({"fine-tuning": {"keep_models_days": 13}})
    assert settings_from({"fine-tuning": {"keep_models_days": 14}}).keep_models_days == 14
    assert settings_from({}).keep_models_days is None


def test_a_champion_is_served_by_itself_only_where_its_base_model_can_be() -> None:
    """Otherwise nothing would be served, and nobody told before the first promotion."""
    assert settings_from({}).serve_champion is None
    assert settings_from({"fine-tuning:serve_champion": "on_demand"}).serve_champion == "on_demand"
    with pytest.raises(SettingsError, match=r'"serve_champion" cannot be \'throughput\''):
        settings_from({"fine-tuning": {"serve_champion": "throughput"}})
    haiku = {"base_model": "anthropic.claude-3-haiku-20240307-v1:0:200k", "region": "us-west-2"}
    assert settings_from({"fine-tuning": haiku}).serve_champion is None
    with pytest.raises(SettingsError, match="cannot be served on demand"):
        settings_from({"fine-tuning": {**haiku, "serve_champion": "on_demand"}})
