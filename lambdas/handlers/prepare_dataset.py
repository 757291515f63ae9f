"""PrepareDataset: checks data set and run.json, converts, splits and plans, before anything costs money."""

from typing import Any

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters import object_store
from lambdas.adapters.stored_answers import EXAMPLES, TEST_GROUPS
from lambdas.domain import hyperparameters, models, run_settings
from lambdas.domain.arms import Arms, baselines, needing_throughput, plan_arms
from lambdas.domain.dataset import MAX_HELD_BYTES, RecordSet, SetName, check_size, read_set
from lambdas.domain.dataset_report import DatasetReport
from lambdas.domain.errors import DatasetRejected
from lambdas.domain.prepared_dataset import Given, PreparedDataset, prepare, shards
from lambdas.domain.run import KEEP_JOB_TAG, Source, bedrock_tags
from lambdas.domain.run_settings import Choices
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import logger, metrics, observed

_SETTINGS_BYTES = 1 << 20
_REPORT = "dataset/report.json"


class _Source(BaseModel):
    bucket: str
    key: str
    version_id: str | None


class Run(BaseModel):
    """`$.run`, as far as it is needed here."""

    id: str
    execution_arn: str
    source: _Source
    output_bucket: str
    prefix: str


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run"}`, returns `$.plan` as docs/architecture.md has it.

    Writes `dataset/report.json` in any case. Raises DatasetRejected where data or run.json break a rule, and
    ServiceBusy where S3 is busy.
    """
    run = Run.model_validate(event["run"])
    report = DatasetReport()
    choices = _choices(run, report)
    given = _given(run, choices, report)
    prepared = prepare(given, choices, report) if "train" in given else None
    report_key = f"{run.prefix}{_REPORT}"
    metrics.add_metric("RecordsRead", MetricUnit.Count, report.records_read)
    if prepared is None or report.errors:
        uri = object_store.write(run.output_bucket, report_key, orjson.dumps(report.as_json()))
        logger.warning("Data set rejected", extra={"issue_counts": report.counts, "report": uri})
        metrics.add_metric("DatasetsRejected", MetricUnit.Count, 1)
        raise DatasetRejected(report.rejection(uri))
    plan = _plan(run, choices, prepared)
    _write(run, prepared)
    _write_evaluation(run, choices, prepared)
    counts = {"train": len(prepared.train), "validation": len(prepared.validation), "test": len(prepared.test)}
    object_store.write(run.output_bucket, report_key, orjson.dumps(report.as_json(**counts)))
    logger.info("Data set accepted", extra={"records": counts, "issue_counts": report.counts})
    return plan


def _choices(run: Run, report: DatasetReport) -> Choices:
    """The run's settings; where they are wrong, the defaults, so that the data is checked all the same."""
    default, most_units = environment().default_base_model, environment().max_model_units
    folder = _source(run).folder
    if folder is None:
        parsed = run_settings.parse(None, default, max_model_units=most_units)
    else:
        with object_store.opened(run.source.bucket, folder + run_settings.FILE_NAME) as stored:
            if stored is not None and stored.size_bytes > _SETTINGS_BYTES:
                parsed = [run_settings.Fault("", f"The file has more than {_SETTINGS_BYTES} bytes.")]
            else:
                text = None if stored is None else stored.stream.read()
                parsed = run_settings.parse(text, default, max_model_units=most_units)
    if isinstance(parsed, Choices):
        return parsed
    for fault in parsed:
        report.add("run-settings", run_settings.FILE_NAME, fault.message, pointer=fault.pointer)
    return Choices(run_settings.RunSettings(), models.base_model(default))


def _given(run: Run, choices: Choices, report: DatasetReport) -> Given:
    """Reads the sets that there are: the object that started the run at its version, its siblings as they are now."""
    source = _source(run)
    keys: dict[SetName, str] = {"train": source.key}
    if source.folder is not None:
        keys |= {"validation": f"{source.folder}validation.jsonl", "test": f"{source.folder}test.jsonl"}
    given: Given = {}
    held_bytes = 0
    for name, key in keys.items():
        version_id = source.version_id if name == "train" else None
        file = key.rsplit("/", 1)[-1]
        with object_store.opened(source.bucket, key, version_id) as stored:
            if stored is not None:
                held_bytes += stored.size_bytes
                given[name] = _read(stored, name, file, choices, report, held_bytes)
                logger.info("Set read", extra={"set": name, "key": key, "version_id": stored.version_id})
            elif name == "train":
                missing = f"{object_store.uri(source.bucket, key)} does not exist any more."
                report.add("object-missing", file, missing)
    return given


def _read(
    stored: object_store.StoredObject,
    name: SetName,
    file: str,
    choices: Choices,
    report: DatasetReport,
    held_bytes: int,
) -> RecordSet:
    if not check_size(stored.size_bytes, name, file, choices.model, report):
        return RecordSet(file)
    if held_bytes > MAX_HELD_BYTES:
        report.add("file-size", file, f"The run's files have more than {MAX_HELD_BYTES} bytes together.")
        return RecordSet(file)
    return read_set(stored.stream, file, choices.model, report, choices.settings.system)


def _plan(run: Run, choices: Choices, prepared: PreparedDataset) -> dict[str, Any]:
    settings, model = choices

    def planned(name: str, lines: list[bytes]) -> dict[str, Any] | None:
        uri = object_store.uri(run.output_bucket, f"{run.prefix}dataset/{name}.jsonl")
        return {"uri": uri, "records": len(lines)} if lines else None

    return {
        "output_bucket": run.output_bucket,
        "base_model": model.customization_id,
        "inference_model": model.inference_id,
        "hyperparameters": hyperparameters.for_job(
            model,
            settings.hyperparameters,
            train_records=len(prepared.train),
            has_validation=bool(prepared.validation),
        ),
        "model_units": settings.model_units,
        "keep_job": settings.keep_job,
        "dataset": {
            "train": planned("train", prepared.train),
            "validation": planned("validation", prepared.validation),
            "test": planned("test", prepared.test),
        },
        "evaluation": settings.evaluation.model_dump(),
        "arms": {name: arm.model_dump() for name, arm in _arms(choices, prepared).items()},
        "shards": {name: f"{run.prefix}shards/{name}.jsonl" for name in ("baselines", "tuned", "judges")},
        # The tags that clean-up relies on win over a user's.
        "tags": settings.tags
        | bedrock_tags(environment().deployment, run.id, run.execution_arn)
        | {KEEP_JOB_TAG: "true" if settings.keep_job else "false"},
    }


def _write(run: Run, prepared: PreparedDataset) -> None:
    sets = {"train": prepared.train, "validation": prepared.validation, "test": prepared.test}
    for name, lines in sets.items():
        if lines:
            object_store.write_lines(run.output_bucket, f"{run.prefix}dataset/{name}.jsonl", lines)


def _arms(choices: Choices, prepared: PreparedDataset) -> Arms:
    return plan_arms(run_settings.compared_models(choices), len(prepared.examples))


def _write_evaluation(run: Run, choices: Choices, prepared: PreparedDataset) -> None:
    """The items of the two maps that ask questions, what stands before the questions, and which belong together."""
    arms = _arms(choices, prepared)
    for name, answering in (("baselines", baselines(arms)), ("tuned", needing_throughput(arms))):
        items = shards(answering, len(prepared.test))
        object_store.write_lines(run.output_bucket, f"{run.prefix}shards/{name}.jsonl", map(orjson.dumps, items))
    object_store.write(run.output_bucket, f"{run.prefix}{TEST_GROUPS}", orjson.dumps(prepared.test_groups))
    if prepared.examples:
        object_store.write_lines(run.output_bucket, f"{run.prefix}{EXAMPLES}", prepared.examples)


def _source(run: Run) -> Source:
    return Source(run.source.bucket, run.source.key, run.source.version_id)
