"""`fine-tune export --mlflow`: each run once, with its figures, by whatever MLflow the user has installed."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

from tests.cli.account_script import OUTPUT, ScriptedAccount
from tests.cli.conftest import FineTune
from tests.cli.test_runs import failed_report
from tests.unit.reports import arm_figures, succeeded_report

GOOD, BAD, GOING = "sales-0123456789ab", "sales-1123456789ab", "sales-2123456789ab"
COMPARISON = {
    "arm": "tuned", "against": "base", "metric": "f1", "difference": 12.5, "interval": [2.0, 23.0], "p_value": 0.01,
    "groups": 9, "records": 9, "detectable": None,
}  # fmt: skip


class Metric(NamedTuple):
    key: str
    value: float
    timestamp: int
    step: int


class Param(NamedTuple):
    key: str
    value: str


class MlflowError(Exception):
    """MLflow's own error."""


class Server:
    """A tracking server, with as much of MlflowClient as the export uses."""

    def __init__(self) -> None:
        self.runs: dict[str, Any] = {}
        self.experiments: list[str] = []
        # Whether the connection is cut in the middle of a run.
        self.cut = False

    def get_experiment_by_name(self, name: str) -> Any:
        return SimpleNamespace(experiment_id=name) if name in self.experiments else None

    def create_experiment(self, name: str) -> str:
        self.experiments.append(name)
        return name

    def search_runs(self, experiment_ids: list[str], filter_string: str) -> list[Any]:
        return [
            run for run in self.runs.values()
            if run.experiment in experiment_ids and f"'{run.tags['fine_tune.run_id']}'" in filter_string
        ]  # fmt: skip

    def create_run(self, experiment_id: str, start_time: int, tags: dict[str, str], run_name: str) -> Any:
        info = SimpleNamespace(run_id=f"m{len(self.runs)}", status="RUNNING")
        run = SimpleNamespace(info=info, experiment=experiment_id, start=start_time, tags=tags, name=run_name, files={})
        self.runs[info.run_id] = run
        return run

    def log_batch(self, run_id: str, metrics: list[Metric], params: list[Param]) -> None:
        if self.cut:
            raise MlflowError("the connection was cut")
        self.runs[run_id].metrics, self.runs[run_id].params = metrics, params

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        self.runs[run_id].files[artifact_file] = text

    def set_terminated(self, run_id: str, status: str, end_time: int) -> None:
        self.runs[run_id].info.status, self.runs[run_id].end = status, end_time

    def delete_run(self, run_id: str) -> None:
        del self.runs[run_id]


@pytest.fixture
def server(scripted: ScriptedAccount, monkeypatch: pytest.MonkeyPatch) -> Server:
    """MLflow at http://m, and an environment with a run that succeeded, one that failed and one that goes on."""
    made = Server()

    def client(tracking_uri: str) -> Server:
        if tracking_uri != "http://m":
            raise MlflowError("unsupported URI")
        return made

    modules: dict[str, dict[str, Any]] = {
        "mlflow": {},
        "mlflow.tracking": {"MlflowClient": client},
        "mlflow.exceptions": {"MlflowException": MlflowError},
        "mlflow.entities": {"Metric": Metric, "Param": Param},
    }
    for name, content in modules.items():
        module = ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    for run in (GOOD, BAD, GOING):
        scripted.claim(run, f"arn:{run}")
    training = succeeded_report().training.dump() | {
        "ended_at": "2026-11-22T11:00:00.000Z",
        "epochs": [{"epoch": 1, "training_loss": 0.5, "validation_loss": None}],
    }
    arms = {"tuned": arm_figures(f1=62.5), "base": arm_figures(f1=50.0)}
    report = succeeded_report(
        run_id=GOOD, arms=arms, comparisons=[COMPARISON], training=training, hyperparameters={"epochCount": "2"}
    )
    scripted.put(f"runs/{GOOD}/report.json", report.dump())
    scripted.s3.put_object(Bucket=OUTPUT, Key=f"runs/{GOOD}/report.html", Body=b"<p>page</p>")
    scripted.put(f"runs/{BAD}/report.json", failed_report(BAD))
    return made


def test_each_run_is_exported_with_its_figures(server: Server, fine_tune: FineTune) -> None:
    done = fine_tune("export", "--mlflow", "http://m")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        f"{GOOD}: exported",
        f"{BAD}: exported",
        f"{GOING}: left out: it has no report yet",
    ]
    good, bad = server.runs.values()
    assert (good.name, good.experiment, good.info.status) == (GOOD, "team", "FINISHED")
    assert good.end - good.start == 3_600_000
    assert {one.key: one.value for one in good.metrics} == {
        **{f"{arm}/{metric}": 0.0 for arm in ("tuned", "base") for metric in ("f1_seed", "exact_match", "rouge_l")},
        **{f"{arm}/numeric_match": 0.0 for arm in ("tuned", "base")},
        "tuned/f1": 62.5,
        "base/f1": 50.0,
        "tuned minus base/f1": 12.5,
        "tuned minus base/f1 low": 2.0,
        "tuned minus base/f1 high": 23.0,
        "training_loss": 0.5,
    }
    assert [one.step for one in good.metrics if one.key == "training_loss"] == [1]
    assert {one.key: one.value for one in good.params} == {
        "base_model": "base-model",
        "epochCount": "2",
        "train_records": "1",
        "validation_records": "0",
        "test_records": "1",
    }
    assert good.tags["fine_tune.verdict"] == "inconclusive"
    assert [*good.files] == ["report.json", "report.html"]
    assert (bad.info.status, bad.tags["fine_tune.error"]) == ("FAILED", "PreflightFailed: No.")


def test_a_run_that_is_there_is_not_exported_again(server: Server, fine_tune: FineTune) -> None:
    """The command is repeated whenever there are new ones."""
    for _ in range(2):
        done = fine_tune("export", "--mlflow", "http://m", GOOD)
    assert done.output == f"{GOOD}: is there already\n"
    assert len(server.runs) == 1


def test_an_export_that_was_cut_off_is_made_anew(server: Server, fine_tune: FineTune) -> None:
    """Half of a run's figures would look like all of them."""
    server.cut = True
    done = fine_tune("export", "--mlflow", "http://m", GOOD)
    assert done.exit_code == 1
    assert "MLflow has not taken the runs: the connection was cut" in done.output
    server.cut = False
    assert fine_tune("export", "--mlflow", "http://m", GOOD).output == f"{GOOD}: exported\n"
    assert [run.info.status for run in server.runs.values()] == ["FINISHED"]


def test_without_mlflow_it_is_said_how_to_install_it(
    scripted: ScriptedAccount, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", None)
    done = fine_tune("export", "--mlflow", "http://m")
    assert done.exit_code == 2
    assert "MLflow is not installed" in done.output
    assert "pip install mlflow-skinny" in done.output


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--mlflow", "nowhere"], 1, "MLflow cannot use nowhere: unsupported URI"),
        (["--mlflow", "http://m", "sales-0123456789ac"], 2, f"Did you mean {GOOD}?"),
        ([], 2, "--mlflow"),
    ],
)
def test_what_cannot_be_exported_is_named(
    server: Server, fine_tune: FineTune, words: list[str], status: int, told: str
) -> None:
    done = fine_tune("export", *words)
    assert (done.exit_code, told in done.output) == (status, True)
    assert server.runs == {}
