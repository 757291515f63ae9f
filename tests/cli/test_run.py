"""`fine-tune run`: what is uploaded, which execution is followed, and what is told where that cannot go on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from unittest.mock import Mock

import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws
from typer.testing import CliRunner

from cli import execution, main
from cli.commands.options import EXAMPLE
from cli.data_set import NoDataSetError, Upload, upload_of
from cli.environment import Environment, NoEnvironmentError, environment_of
from cli.execution import NoExecutionError, NotFollowedError, find_execution, follow
from cli.progress import Progress
from cli.run import InterruptedRunError, NotUploadedError, find, start, watch
from cli.validate import with_mapping
from lambdas.domain.core import run as runs
from lambdas.domain.core.run import Source
from local.terminal import Console
from tests.cli.account_script import INPUT, ScriptedAccount, refusal
from tests.cli.conftest import FineTune

RUN = "sales-0123456789ab"
ARN = "arn:execution"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedAccount]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr(execution, "POLL_SECONDS", 0.001)
    with mock_aws():
        yield ScriptedAccount()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sales"
    made.mkdir()
    (made / "train.csv").write_text("prompt,completion\na,b\n")
    (made / "run.json").write_text("{}")
    return made


def silent() -> Progress:
    return Progress(Console(file=StringIO()))


def keys(account: ScriptedAccount) -> list[str]:
    listed = account.s3.list_object_versions(Bucket=INPUT)["Versions"]
    return [one["Key"] for one in listed]


def event(key: str, version: str) -> str:
    made = {"bucket": {"name": INPUT}, "object": {"key": key, "version-id": version}}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": made})


def test_the_id_of_the_run_follows_from_what_was_uploaded(account: ScriptedAccount) -> None:
    """Nothing has to be waited for: whoever leaves knows what to come back to."""
    run_id = start(account.environment, upload_of(EXAMPLE), silent())
    [version] = account.s3.list_object_versions(Bucket=INPUT)["Versions"]
    assert run_id == runs.run_id(Source(INPUT, "input/financial-tables.jsonl", version["VersionId"]))


def test_a_file_that_is_uploaded_again_is_another_run_of_the_same_key(account: ScriptedAccount) -> None:
    """Its versions tell them apart."""
    ids = {start(account.environment, upload_of(EXAMPLE), silent()) for _ in range(2)}
    assert len(ids) == 2
    assert set(keys(account)) == {"input/financial-tables.jsonl"}


def test_a_folder_is_uploaded_under_the_names_that_a_run_reads(account: ScriptedAccount, folder: Path) -> None:
    """Of a CSV file, too: it starts a run under its own name. A file of no known ending gets one."""
    start(account.environment, upload_of(folder), silent())
    assert sorted(keys(account)) == ["input/sales/run.json", "input/sales/train.csv"]
    (folder / "rows.txt").write_text("{}")
    (folder / "rows.csv.gz").write_bytes(b"")
    assert upload_of(folder / "rows.txt").key == "input/rows.jsonl"
    assert upload_of(folder / "rows.csv.gz").key == "input/rows.csv.gz"


def test_documents_to_write_about_are_uploaded_before_the_training_file(account: ScriptedAccount, folder: Path) -> None:
    """The run keeps them as they are when it starts; what no run reads stays here."""
    synthesis = {"teacher": "us.anthropic.claude-sonnet-4-6", "checker": "amazon.nova-pro-v1:0", "terms_accepted": True}
    (folder / "run.json").write_text(json.dumps({"synthesis": synthesis | {"documents": "papers/"}}))
    (folder / "papers" / "old").mkdir(parents=True)
    for path in ("papers/b.md", "papers/old/a.txt", "papers/._a.txt", "papers/c.pdf", "note.txt"):
        (folder / path).write_text("Cash 7")
    upload = upload_of(folder)
    assert [*upload.files] == [
        "input/sales/run.json",
        "input/sales/papers/b.md",
        "input/sales/papers/old/a.txt",
        "input/sales/train.csv",
    ]
    assert (upload.key, upload.folder) == ("input/sales/train.csv", "input/sales/")


def test_a_folder_is_not_mixed_with_an_earlier_one_of_its_name(account: ScriptedAccount, folder: Path) -> None:
    """A run.json or test set of last week would change what is trained and measured today, in silence."""
    start(account.environment, upload_of(folder), silent())
    (folder / "run.json").unlink()
    start(account.environment, upload_of(folder), silent())
    *earlier, fresh = sorted(keys(account), key=len)
    assert sorted(earlier) == ["input/sales/run.json", "input/sales/train.csv"]
    assert fresh.startswith("input/sales-2")
    assert fresh.endswith("/train.csv")


def test_a_mapping_of_columns_goes_along_in_the_run_s_settings(account: ScriptedAccount, folder: Path) -> None:
    """The run reads run.json alone: a file that has none beside it becomes a folder, and a folder's own is kept."""
    mapping = {"prompt": "{a}", "completion": "b"}
    start(account.environment, upload_of(EXAMPLE).with_settings(with_mapping(None, mapping)), silent())
    start(account.environment, upload_of(folder).with_settings(with_mapping(folder / "run.json", mapping)), silent())
    prefixes = ("input/financial-tables/", "input/sales/")
    assert {key.rpartition("/")[0] + "/" for key in keys(account)} == set(prefixes)
    assert sorted(key.rpartition("/")[2] for key in keys(account)) == [
        "run.json",
        "run.json",
        "train.csv",
        "train.jsonl",
    ]
    stored = [account.s3.get_object(Bucket=INPUT, Key=f"{prefix}run.json")["Body"].read() for prefix in prefixes]
    own = json.loads((folder / "run.json").read_text())
    assert [json.loads(text) for text in stored] == [{"mapping": mapping}, {**own, "mapping": mapping}]
    packed = Upload({"input/a.csv.gz": EXAMPLE}).with_settings(b"{}")
    assert (packed.folder, packed.key) == ("input/a/", "input/a/train.csv.gz")


def test_a_set_that_is_there_twice_is_refused(folder: Path) -> None:
    """Which of them was meant cannot be known."""
    (folder / "train.jsonl").touch()
    with pytest.raises(NoDataSetError, match=r"both train\.csv and train\.jsonl"):
        upload_of(folder)


def test_an_interrupted_upload_says_what_may_have_started(
    account: ScriptedAccount, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C must not leave anybody guessing whether something costs."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(account.s3, "upload_file", interrupt)
    with pytest.raises(
        InterruptedRunError,
        match=r"was interrupted\. No run has started unless input/sales/train\.csv.*fine-tune runs",
    ):
        start(account.environment, upload_of(folder), silent())


@pytest.mark.parametrize(
    "error", [S3UploadFailedError("Access Denied"), refusal("AccessDenied"), EndpointConnectionError(endpoint_url="s3")]
)
def test_an_upload_that_fails_is_told(
    account: ScriptedAccount, folder: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may not write to the bucket, or is cut off, learns that nothing costs."""
    monkeypatch.setattr(account.s3, "upload_file", Mock(side_effect=error))
    with pytest.raises(NotUploadedError, match=r"has failed: .* No run has started unless"):
        start(account.environment, upload_of(folder), silent())


def test_a_run_that_cannot_be_looked_for_goes_on(account: ScriptedAccount) -> None:
    """The upload has started it: the caller may follow it with other permissions."""
    account.states.list_executions.side_effect = refusal("AccessDeniedException")
    with pytest.raises(NotFollowedError, match=f"AccessDenied.* The run {RUN} goes on"):
        find(account.environment, RUN, silent(), seconds=0)


def test_an_execution_that_step_functions_has_forgotten_is_told(account: ScriptedAccount) -> None:
    """It does not go on, and its files are still there."""
    with pytest.raises(NoExecutionError, match=r"90 days.*s3://output-bucket"):
        watch(account.environment, RUN, ARN, silent())


def test_the_execution_that_has_claimed_the_run_is_followed(account: ScriptedAccount) -> None:
    """An event that was delivered twice has started two."""
    account.claim(RUN, "arn:owner")
    account.executions = [("arn:other", "SUCCEEDED", event("input/sales.jsonl", "1"))]
    assert find_execution(account.environment, RUN, seconds=0) == "arn:owner"


def test_a_run_that_ended_before_its_claim_is_found_by_its_event(account: ScriptedAccount) -> None:
    """Its error is what the user must read."""
    run_id = runs.run_id(Source(INPUT, "input/sales.jsonl", "1"))
    account.executions = [
        ("arn:by-hand", "FAILED", "{}"),
        ("arn:older", "FAILED", event("input/sales.jsonl", "0")),
        ("arn:ours", "FAILED", event("input/sales.jsonl", "1")),
    ]
    assert find_execution(account.environment, run_id, seconds=60) == "arn:ours"
    with pytest.raises(NoExecutionError, match=f"no run {RUN}.*fine-tune runs --deployment team"):
        find_execution(account.environment, RUN, seconds=0)


def test_a_claim_that_is_none_is_told(account: ScriptedAccount) -> None:
    """In a sentence with its place, not in a traceback."""
    account.put(f"runs/{RUN}/claim.json", {"run_id": RUN})
    with pytest.raises(NoExecutionError, match=f"s3://output-bucket/runs/{RUN}/claim.json is no claim"):
        find_execution(account.environment, RUN, seconds=0)


def test_only_what_is_new_of_the_history_is_read(account: ScriptedAccount) -> None:
    """A run of days has 25,000 events, and is looked at thousands of times."""
    account.executions = [(ARN, "RUNNING", "{}")]
    account.enter("ClaimRun", "ValidateDataset", "RunPreflight")
    snapshots = follow(account.environment, ARN)
    assert [*next(snapshots).steps] == ["ClaimRun", "ValidateDataset", "RunPreflight"]
    account.asked.clear()
    account.enter("StartJobs")
    assert [*next(snapshots).steps][-1] == "StartJobs"
    assert account.asked == [4, 3]
    account.executions = [(ARN, "SUCCEEDED", "{}")]
    assert [each.is_over for each in snapshots] == [True]


def test_a_map_that_was_tried_again_is_counted_by_its_last_try(account: ScriptedAccount) -> None:
    """The first try's run is not that of the map behind it."""
    account.executions = [(ARN, "SUCCEEDED", "{}")]
    account.enter("AnswerBaselines", "AnswerTestSet", kind="Map")
    counts = {
        "arn:aws:states:r:1:mapRun:team/AnswerBaselines:1": (9, 0),
        "arn:aws:states:r:1:mapRun:team/AnswerBaselines:2": (9, 9),
        "arn:aws:states:r:1:mapRun:team/AnswerTestSet:3": (4, 1),
    }
    account.states.list_map_runs.return_value = {
        "mapRuns": [
            {"mapRunArn": arn, "startDate": datetime(2026, 11, 22, day, tzinfo=UTC)} for day, arn in enumerate(counts)
        ]
    }
    account.states.describe_map_run.side_effect = lambda mapRunArn: {  # noqa: N803 - boto3's name
        "itemCounts": {"total": counts[mapRunArn][0], "succeeded": counts[mapRunArn][1], "failed": 0}
    }
    [end] = follow(account.environment, ARN)
    assert {name: step.items for name, step in end.steps.items()} == {
        "AnswerBaselines": (9, 9),
        "AnswerTestSet": (4, 1),
    }


def test_a_network_that_is_away_for_a_while_does_not_end_the_view(account: ScriptedAccount) -> None:
    """A laptop sleeps; the run does not."""
    account.executions = [(ARN, "SUCCEEDED", "{}")]
    away = EndpointConnectionError(endpoint_url="https://states")
    told = account.states.describe_execution.side_effect
    account.states.describe_execution.side_effect = [away, refusal("ThrottlingException"), told(ARN)]
    assert [each.status for each in follow(account.environment, ARN)] == ["SUCCEEDED"]


@pytest.mark.parametrize(
    ("error", "patience"),
    [(refusal("ExpiredTokenException"), 600), (EndpointConnectionError(endpoint_url="https://states"), 0)],
)
def test_a_view_that_cannot_go_on_says_that_the_run_does(
    account: ScriptedAccount, error: Exception, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials of a sign-in end after hours, in the middle of a training."""
    account.states.describe_execution.side_effect = error
    monkeypatch.setattr(follow, "__kwdefaults__", {"patience_seconds": patience})
    with pytest.raises(
        NotFollowedError,
        match=f"The run {RUN} goes on.*--follow {RUN} --deployment team.*cancel {RUN} --deployment team",
    ):
        watch(account.environment, RUN, ARN, silent())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name a data set to run, or a run to --follow"),
        ([str(EXAMPLE), "--follow", RUN], "Name a data set to run, or a run to --follow"),
        (["--follow", RUN, "--no-wait"], "does not go with --follow"),
        (["missing.jsonl"], "There is no file or folder"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked for credentials to learn of a typing error."""
    monkeypatch.setattr("cli.account.account_of", lambda _: pytest.fail("asked"))
    done = CliRunner().invoke(main.app, ["run", *words])
    assert done.exit_code == 2
    assert said in done.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("../../secrets", "'../../secrets' is no run's id"),
        ("sales-0123456789a", f"is no run's id, such as sales-0123456789ab. Did you mean {RUN}?"),
        ("sales-0123456789ac", f"The environment team has no run sales-0123456789ac. Did you mean {RUN}?"),
        ("sales", f"Did you mean {RUN}?"),
    ],
)
def test_a_run_to_follow_that_there_is_not_is_told_with_the_one_that_is_meant(
    scripted: ScriptedAccount, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch, word: str, said: str
) -> None:
    """Ids end in digits that nobody types without a slip."""
    monkeypatch.setattr("cli.run.SECONDS_TO_FIND", 0)
    scripted.claim(RUN)
    scripted.claim("tables-2-cccccccccccc")
    done = fine_tune("run", "--follow", word)
    assert done.exit_code == 1
    output = " ".join(done.output.split())
    assert said in output
    assert "`fine-tune runs --deployment team" in output


@pytest.mark.parametrize("command", [["run", str(EXAMPLE)], ["runs"]])
def test_an_account_that_cannot_be_called_is_told(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence, and nothing was uploaded."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    done = CliRunner().invoke(main.app, command)
    assert (done.exit_code, "aws configure list-profiles" in done.output) == (2, True)


def test_an_environment_that_is_not_there_is_told(
    account: ScriptedAccount, environment_outputs: dict[str, dict[str, str]]
) -> None:
    """Mostly the Region or the name is another."""
    with pytest.raises(NoEnvironmentError, match=r"no stack team-data.*arn:somebody in us-west-2.*--region"):
        environment_of(account.environment.account, "team")
    environment_outputs["team-data"] = {"InputBucket": "in"}
    environment_outputs["team-pipeline"] = {"StateMachineArn": "arn:machine"}
    with pytest.raises(NoEnvironmentError, match="no output 'OutputBucket'"):
        environment_of(account.environment.account, "team")


def test_data_is_checked_for_the_model_that_was_deployed(
    account: ScriptedAccount, environment_outputs: dict[str, dict[str, str]]
) -> None:
    """cdk.json may name another one by now."""
    environment_outputs["team-data"] = {"InputBucket": "in", "OutputBucket": "out"}
    environment_outputs["team-pipeline"] = {"StateMachineArn": "arn:machine", "BaseModel": "amazon.nova-pro-v1:0:300k"}
    found: Environment = environment_of(account.environment.account, "team")
    assert found.base_model == "amazon.nova-pro-v1:0:300k"
    assert found.command("runs") == "fine-tune runs --deployment team --region us-west-2"


@pytest.fixture
def environment_outputs(account: ScriptedAccount, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """The outputs of the stacks that there are; none at first."""
    outputs: dict[str, dict[str, str]] = {}
    monkeypatch.setattr("cli.environment.outputs_of", lambda _, stack: outputs.get(stack))
    monkeypatch.setattr(type(account.environment.account), "client", lambda *_: None)
    return outputs
