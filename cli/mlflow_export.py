"""`fine-tune export --mlflow`: the runs of an environment as runs of MLflow, where the user has that installed.

MLflow is an extra of the package, imported when it is asked for: nothing else of the project knows it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from cli.environment import Environment
from cli.known_runs import execution_of, run_ids
from cli.runs import read_claim
from cli.stored_report import NoReportError, parse_report
from lambdas.domain.core.run import Claim, prefix, report_key
from lambdas.domain.core.timestamps import now
from lambdas.domain.report.run_report import METRICS, RunReport

# By which an exported run is found again.
RUN_TAG = "fine_tune.run_id"
# What MLflow accepts in a name of a metric or parameter ("MlflowClient", log_batch).
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_\-. /]")
_LONGEST_PARAM = 500
_ENDED = ("FINISHED", "FAILED")
INSTALL = (
    "MLflow is not installed beside fine-tune, of which it is an extra. In the checkout: "
    "`.venv/bin/python -m pip install mlflow-skinny`; as a tool: `uv tool install --editable '.[mlflow]'`."
)


class NoMlflowError(Exception):
    """MLflow is not installed; the message says how to install it."""


class NotExportedError(Exception):
    """MLflow has not taken a run; the message has its words."""


class ExportedRun(NamedTuple):
    """A run as MLflow gets it; `steps` are metrics with the epoch that each is of."""

    claim: Claim
    status: str
    ended_at: str
    params: dict[str, str]
    metrics: dict[str, float]
    steps: Sequence[tuple[str, float, int]]
    tags: dict[str, str]
    files: dict[str, str]


class ExportOutcome(NamedTuple):
    """What became of a run: exported, there already, or left out, with the reason."""

    run_id: str
    outcome: str


def client_of(uri: str) -> Any:
    """MLflow's client of a tracking server, or of a folder. Raises NoMlflowError and NotExportedError."""
    try:
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - an extra
        from mlflow.tracking import MlflowClient  # noqa: PLC0415 - an extra
    except ImportError:
        raise NoMlflowError(INSTALL) from None
    try:
        return MlflowClient(tracking_uri=uri)
    except MlflowException as error:
        raise NotExportedError(f"MLflow cannot use {uri}: {error}") from None


def export_runs(
    environment: Environment, client: Any, experiment: str, chosen: Sequence[str] = ()
) -> Iterator[ExportOutcome]:
    """Exports these runs, or all, one by one. Raises UnknownRunError, NotExportedError, Refused and ServiceBusy.

    A run that is there already is left as it is; one whose export was cut off is made anew.
    """
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - an extra

    for run_id in chosen:
        execution_of(environment, run_id)
    wanted = list(dict.fromkeys(chosen)) or sorted(run_ids(environment))
    try:
        found = client.get_experiment_by_name(experiment)
        experiment_id = found.experiment_id if found else client.create_experiment(experiment)
        for run_id in wanted:
            yield ExportOutcome(run_id, _export(environment, client, experiment_id, run_id))
    except MlflowException as error:
        raise NotExportedError(f"MLflow has not taken the runs: {error}") from None


def _export(environment: Environment, client: Any, experiment_id: str, run_id: str) -> str:
    earlier = client.search_runs([experiment_id], filter_string=f"tags.`{RUN_TAG}` = '{run_id}'")
    if any(one.info.status in _ENDED for one in earlier):
        return "is there already"
    try:
        run = _read(environment, run_id)
    except NoReportError as error:
        return f"left out: {error}"
    if run is None:
        return "left out: it has no report yet"
    for one in earlier:
        client.delete_run(one.info.run_id)
    _write(client, experiment_id, run)
    return "exported"


def _read(environment: Environment, run_id: str) -> ExportedRun | None:
    """None of a run without a report. Raises NoReportError."""
    objects, bucket = environment.adapters.objects, environment.output_bucket
    key, claim = report_key(prefix(run_id)), read_claim(environment, run_id)
    text = objects.read(bucket, key)
    if text is None or claim is None:
        return None
    report = parse_report(text, key, RunReport)
    page = objects.read(bucket, f"{prefix(run_id)}report.html")
    execution = environment.adapters.executions.find(claim.execution_arn)
    return ExportedRun(
        claim=claim,
        status="FINISHED" if report.status == "succeeded" else "FAILED",
        ended_at=(execution.ended_at if execution else None) or report.training.ended_at or now(),
        params=params_of(report),
        metrics=metrics_of(report),
        steps=steps_of(report),
        tags=tags_of(report, environment.name),
        files={"report.json": text.decode(), **({"report.html": page.decode()} if page else {})},
    )


def params_of(report: RunReport) -> dict[str, str]:
    """What the run was to do."""
    counts = {f"{name}_records": str(number) for name, number in report.dataset.dump().items() if number is not None}
    model = {"base_model": report.base_model} if report.base_model else {}
    return {**model, **(report.hyperparameters or {}), **counts}


def metrics_of(report: RunReport) -> dict[str, float]:
    """Each arm's figures, what the tuned model gains over the others with its interval, and what the run has cost."""
    found: dict[str, float | None] = {}
    for arm, figures in (report.arms or {}).items():
        found |= {f"{arm}/{metric}": figures.metric(metric) for metric in METRICS}
        found |= {f"{arm}/output_tokens": figures.output_tokens.mean, f"{arm}/latency_ms_p50": figures.latency_ms.p50}
    for one in report.comparisons or ():
        name = f"{one.arm} minus {one.against}/{one.metric}"
        found[name] = one.difference
        if one.interval:
            found |= {f"{name} low": one.interval[0], f"{name} high": one.interval[1]}
    if report.cost:
        found["cost_usd"] = report.cost.actual.known_usd
    return {name: float(value) for name, value in found.items() if value is not None}


def steps_of(report: RunReport) -> list[tuple[str, float, int]]:
    """The losses of the served model's training, by epoch."""
    return [
        (name, float(value), epoch.epoch)
        for epoch in report.training.epochs or ()
        for name, value in (("training_loss", epoch.training_loss), ("validation_loss", epoch.validation_loss))
        if value is not None
    ]


def tags_of(report: RunReport, environment: str) -> dict[str, str]:
    """Whose run it is, and what came of it."""
    tags = {
        RUN_TAG: report.run_id,
        "fine_tune.environment": environment,
        "fine_tune.status": report.status,
        "fine_tune.simulated": None if report.simulated is None else str(report.simulated).lower(),
        "fine_tune.verdict": report.decision.verdict if report.decision else None,
        "fine_tune.custom_model": report.custom_model_arn,
        "fine_tune.data": report.lineage.source.key if report.lineage else None,
        "fine_tune.error": f"{report.error.name}: {report.error.cause}"[:_LONGEST_PARAM] if report.error else None,
    }
    return {name: value for name, value in tags.items() if value is not None}


def _write(client: Any, experiment_id: str, run: ExportedRun) -> None:
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - an extra

    ended = _milliseconds(run.ended_at)
    made = client.create_run(
        experiment_id, start_time=_milliseconds(run.claim.claimed_at), tags=run.tags, run_name=run.claim.run_id
    )
    metrics = [Metric(_name(name), value, ended, 0) for name, value in run.metrics.items()]
    metrics += [Metric(_name(name), value, ended, step) for name, value, step in run.steps]
    params = [Param(_name(name), value[:_LONGEST_PARAM]) for name, value in run.params.items()]
    client.log_batch(made.info.run_id, metrics=metrics, params=params)
    for name, text in run.files.items():
        client.log_text(made.info.run_id, text, name)
    # Last: what has no end was cut off, and is made anew.
    client.set_terminated(made.info.run_id, status=run.status, end_time=ended)


def _name(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text)


def _milliseconds(timestamp: str) -> int:
    return int(datetime.fromisoformat(timestamp).timestamp() * 1000)
