"""`fine-tune init`: what is asked, what is checked, and that only what a person has agreed to is written."""

import json
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from typer.testing import CliRunner, Result

from cli.account import Account, NoAccountError
from cli.main import app
from local.checkout import CHECKOUT
from tests.cli.account_script import ScriptedAccount
from tests.handlers.bedrock.conftest import Script
from tests.handlers.bedrock.test_run_preflight import ANSWER, available, described

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
GIVEN = ("--region", "us-west-2", "--model", HAIKU, "--email", "me@example.com", "--max-run-cost-usd", "25")
ALL = (*GIVEN, "--yes")
UNITS, OF_MODEL, JOBS, MODELS = (
    ("L-BE77399C", "Model units no-commitment Provisioned Throughputs across custom models"),
    ("L-1", "Model units per provisioned model for Anthropic Claude 3 Haiku 200K"),
    ("L-0406044C", "(Model customization) Scheduled customization jobs"),
    ("L-CB5B847D", "(Model customization) Custom models per account"),
)
Init = Callable[..., Result]


@pytest.fixture
def cdk_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the checkout's file, which the command takes for it."""
    path = tmp_path / "cdk.json"
    path.write_text((CHECKOUT / "cdk.json").read_text())
    monkeypatch.setattr("cli.cdk_json.CDK_JSON", path)
    return path


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> Account:
        raise NoAccountError("There are no AWS credentials: sign in.")

    monkeypatch.setattr("cli.init.account_of", refuse)


@pytest.fixture
def model_units() -> dict[str, float]:
    return {"quota": 1}


@pytest.fixture
def bedrock(scripted: ScriptedAccount, monkeypatch: pytest.MonkeyPatch, model_units: dict[str, float]) -> Script:
    """A bootstrapped account in which all is well, without stacks."""
    session = boto3.Session(region_name="us-west-2")
    account = Account(session, "us-west-2", "arn:aws:iam::123456789012:user/me")
    monkeypatch.setattr("cli.init.account_of", lambda _: account)
    monkeypatch.setattr("cli.preflight.outputs_of", lambda *_: None)
    bedrock, runtime, quotas = Script(), Script(), Script()
    clients = account.adapters.clients
    bedrock.attach(clients.bedrock)
    runtime.attach(clients.bedrock_runtime)
    quotas.attach(clients.service_quotas)
    bedrock.answer("GetFoundationModel", described())
    bedrock.answer("GetFoundationModelAvailability", available())
    for operation in (
        "ProvisionedModelThroughputs",
        "ModelCustomizationJobs",
        "CustomModelDeployments",
        "CustomModels",
    ):
        bedrock.answer(f"List{operation}", {})
    runtime.answer("Converse", ANSWER)
    listed = [
        {"QuotaCode": code, "QuotaName": name, "Value": model_units["quota"] if (code, name) == UNITS else 5}
        for code, name in (UNITS, OF_MODEL, JOBS, MODELS)
    ]
    quotas.answer("ListServiceQuotas", {"Quotas": listed})
    quotas.answer("ListAWSDefaultServiceQuotas", {"Quotas": []})
    boto3.client("ssm", region_name="us-west-2").put_parameter(
        Name="/cdk-bootstrap/hnb659fds/version", Value="28", Type="String"
    )
    return bedrock


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits at the terminal."""
    monkeypatch.setattr("cli.init.can_answer", lambda: True)


@pytest.fixture
def init(cdk_json: Path) -> Init:
    return lambda *words, **options: CliRunner().invoke(app, ["init", *words], **options)


def settings(path: Path) -> dict[str, object]:
    return dict(json.loads(path.read_text())["context"]["fine-tuning"])


@pytest.mark.usefixtures("no_account")
def test_only_the_settings_that_differ_are_written(init: Init, cdk_json: Path) -> None:
    """All other lines of the file stay, in their order."""
    before = cdk_json.read_text().splitlines()
    done = init(*ALL)
    after = cdk_json.read_text().splitlines()
    assert done.exit_code == 0, done.output
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [new.strip() for _, new in changed] == [
        '"region": "us-west-2",', f'"base_model": "{HAIKU}",',
        '"notification_email": "me@example.com",', '"max_run_cost_usd": 25,',
    ]  # fmt: skip
    for old, new in changed:
        assert f"-{old}" in done.output
        assert f"+{new}" in done.output


@pytest.mark.usefixtures("no_account")
def test_the_two_commands_that_follow_are_printed(init: Init) -> None:
    """So that nobody has to look for them."""
    said = init(*ALL).output
    assert "  make deploy\n  .venv/bin/fine-tune run my-questions.jsonl\n" in said
    assert "aws s3 cp my-questions.jsonl s3://<InputBucket>/input/" in said


@pytest.mark.usefixtures("no_account")
def test_without_credentials_it_says_what_was_not_checked(init: Init) -> None:
    """Silence would pass for a check."""
    said = init(*ALL).output
    assert "There are no AWS credentials: sign in.\n  Not checked: the account, its quotas, and its access" in said


@pytest.mark.usefixtures("no_account")
@pytest.mark.parametrize("left_out", ["--region", "--model", "--email", "--max-run-cost-usd", "--yes"])
def test_without_a_terminal_a_missing_option_is_named(left_out: str, init: Init, cdk_json: Path) -> None:
    """A script gets an error instead of a question that nobody answers."""
    before, words = cdk_json.read_text(), list(ALL)
    place = words.index(left_out)
    del words[place : place + (1 if left_out == "--yes" else 2)]
    done = init(*words)
    assert done.exit_code == 2
    assert f"Nobody can be asked here: give {left_out}. Nothing was written." in done.output
    assert cdk_json.read_text() == before


@pytest.mark.usefixtures("no_account")
@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--region", "us-nowhere-1", "No model is tuned in the Region 'us-nowhere-1'. One of: "),
        ("--model", "amazon.nova-lite-v1:0:300k", "can be customized in us-east-1, not in us-west-2."),
        ("--model", "anthropic.claude-3-haiku-20240307-v1:0:20k", "cannot be fine-tuned here"),
        ("--email", "nobody", 'The setting "notification_email" cannot be'),
        ("--max-run-cost-usd", "0", 'The setting "max_run_cost_usd" cannot be'),
        ("--max-run-cost-usd", "inf", 'The setting "max_run_cost_usd" cannot be'),
        ("--vpc", "subnet-1", "go together"),
        ("--deployment", "aws-one", 'The setting "deployment" cannot be'),
    ],
)
def test_a_wrong_option_is_refused_by_name(option: str, value: str, said: str, init: Init, cdk_json: Path) -> None:
    """With what is allowed, before anything is written."""
    before = cdk_json.read_text()
    done = init(*ALL, option, value)
    assert done.exit_code == 2
    assert f"{option}: " in done.output
    assert said in done.output
    assert cdk_json.read_text() == before


@pytest.mark.usefixtures("no_account", "person")
def test_a_person_is_asked_again_until_an_answer_is_allowed(init: Init, cdk_json: Path) -> None:
    """A typing error costs one line; Enter keeps what is set."""
    answers = ["us-nowhere-1", "us-west-2", "", HAIKU, "subnet-1 sg-2", "none", "me", "me@example.com", "y"]
    done = init(input="".join(f"{answer}\n" for answer in answers))
    assert done.exit_code == 0, done.output
    assert "No model is tuned in the Region 'us-nowhere-1'" in done.output
    written = settings(cdk_json)
    assert written["region"] == "us-west-2"
    assert written["deployment"] == "fine-tuning"
    assert (written["vpc_subnet_ids"], written["vpc_security_group_ids"]) == (["subnet-1"], ["sg-2"])
    assert written["max_run_cost_usd"] is None
    assert written["notification_email"] == "me@example.com"


@pytest.mark.usefixtures("no_account", "person")
def test_nothing_is_written_without_a_yes(init: Init, cdk_json: Path) -> None:
    """The difference is shown first."""
    before = cdk_json.read_text()
    done = init(*GIVEN, "--vpc", "none", "--deployment", "team", input="n\n")
    assert done.exit_code == 2
    assert '+      "deployment": "team",' in done.output
    assert "Nothing was written." in done.output
    assert cdk_json.read_text() == before


@pytest.mark.usefixtures("no_account")
def test_a_second_time_there_is_nothing_to_write(init: Init, cdk_json: Path) -> None:
    """The same answers are the same settings."""
    init(*ALL)
    before = cdk_json.read_text()
    done = init(*GIVEN, "--yes")
    assert "cdk.json has these settings already." in done.output
    assert cdk_json.read_text() == before


@pytest.mark.usefixtures("no_account")
@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"context": 3}'])
def test_a_broken_cdk_json_is_left_alone(text: str, init: Init, cdk_json: Path) -> None:
    """It may be in the middle of somebody's edit."""
    cdk_json.write_text(text)
    done = init(*ALL)
    assert done.exit_code == 2
    assert "is no JSON object with a context" in done.output
    assert cdk_json.read_text() == text


@pytest.mark.usefixtures("bedrock")
def test_the_account_is_checked_by_the_preflight(init: Init, cdk_json: Path) -> None:
    """The checks of a run, with the chosen model in the chosen Region."""
    done = init(*ALL)
    assert done.exit_code == 0, done.output
    assert "The account of arn:aws:iam::123456789012:user/me, in us-west-2:" in done.output
    assert "quota-model-units" in done.output
    assert settings(cdk_json)["base_model"] == HAIKU


@pytest.mark.parametrize("model_units", [{"quota": 0}])
@pytest.mark.usefixtures("bedrock")
def test_a_failed_check_stops_it_unless_somebody_says_so(init: Init, cdk_json: Path) -> None:
    """A new account has no quota for model units: the remedy is told, and the person decides."""
    before = cdk_json.read_text()
    done = init(*ALL)
    assert done.exit_code == 1
    assert "(L-BE77399C)" in done.output
    assert "repeat with --even-if-failed. Nothing was written." in done.output
    assert cdk_json.read_text() == before
    assert init(*ALL, "--even-if-failed").exit_code == 0
    assert settings(cdk_json)["region"] == "us-west-2"


@pytest.mark.parametrize("model_units", [{"quota": 0}])
@pytest.mark.parametrize(("answer", "status"), [("n", 1), ("y", 0)])
@pytest.mark.usefixtures("bedrock", "person")
def test_a_person_may_go_on_after_a_failed_check(answer: str, status: int, init: Init) -> None:
    """Asking for a quota takes days, and deploying can be done meanwhile."""
    done = init(*ALL, "--vpc", "none", "--deployment", "team", input=f"{answer}\n")
    assert "Go on?" in done.output
    assert done.exit_code == status


@pytest.mark.usefixtures("bedrock")
def test_a_missing_bootstrap_is_told_with_its_command(init: Init) -> None:
    """It is one command, without which `make deploy` does not start."""
    boto3.client("ssm", region_name="us-west-2").delete_parameter(Name="/cdk-bootstrap/hnb659fds/version")
    done = init(*ALL)
    assert done.exit_code == 0
    assert "cdk bootstrap aws://123456789012/us-west-2" in done.output
