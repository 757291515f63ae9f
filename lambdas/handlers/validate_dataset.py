"""ValidateDataset: checks data set and run.json, converts, splits and plans, before anything costs money."""

from contextlib import ExitStack
from typing import Any

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.adapters import current
from lambdas.adapters.aws import object_store
from lambdas.adapters.stores.stored_answers import EXAMPLES, TEST_GROUPS
from lambdas.domain.core.errors import DatasetRejected, ServiceBusy
from lambdas.domain.core.run import KEEP_JOB_TAG, Source, bedrock_tags
from lambdas.domain.dataset.document import DatasetDocument
from lambdas.domain.dataset.figures import count_tokens, dataset_document, recommended_hyperparameters
from lambdas.domain.dataset.preparation import Given, PreparedDataset, prepare
from lambdas.domain.dataset.record_set import RecordSet, check_set, check_size, convert
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.set_names import SET_NAMES, SetName
from lambdas.domain.evaluation.arms import Arms, baselines, needing_throughput, plan_arms
from lambdas.domain.evaluation.shards import plan_shards
from lambdas.domain.models import catalogue
from lambdas.domain.preflight.settings import settings_findings
from lambdas.domain.settings import run_settings
from lambdas.domain.settings.run_limits import RunLimits, SettingFinding
from lambdas.domain.settings.run_settings import Choices
from lambdas.domain.training.candidates import candidates
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger, metrics

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
    prepared = prepare(given, choices.wanted, report) if "train" in given else None
    records = prepared.counts() if prepared else None
    found = settings_findings(choices, records, most_jobs=environment().max_sweep_jobs)
    report.add_settings(run_settings.FILE_NAME, found)
    metrics.add_metric("RecordsRead", MetricUnit.Count, report.records_read)
    if prepared is None:
        uri = _write_report(run, dataset_document(report, given, choices.wanted))
        logger.warning("Data set rejected", extra={"issue_counts": report.counts, "report": uri})
        metrics.add_metric("DatasetsRejected", MetricUnit.Count, 1)
        raise DatasetRejected(report.rejection(uri))
    plan = _plan(run, choices, prepared) | {
        "tokens": count_tokens(given, prepared).dump(),
        "settings_findings": [finding.model_dump() for finding in found],
    }
    _write_evaluation(run, choices, prepared, _write_sets(run, given, choices, prepared))
    counts = prepared.counts()
    _write_report(run, dataset_document(report, given, choices.wanted, prepared))
    logger.info("Data set accepted", extra={"records": counts, "issue_counts": report.counts})
    return plan


def _choices(run: Run, report: DatasetReport) -> Choices:
    """The run's settings; where they are wrong, the defaults, so that the data is checked all the same."""
    default, limits = environment().default_base_model, _limits()
    folder = _source(run).folder
    if folder is None:
        parsed = run_settings.parse(None, default, limits)
    else:
        with current().objects.opened(run.source.bucket, folder + run_settings.FILE_NAME) as stored:
            if stored is not None and stored.size_bytes > _SETTINGS_BYTES:
                parsed = [SettingFinding("", f"The file has more than {_SETTINGS_BYTES} bytes.")]
            else:
                text = None if stored is None else stored.stream.read()
                parsed = run_settings.parse(text, default, limits)
    if isinstance(parsed, Choices):
        return parsed
    for found in parsed:
        report.add("run-settings", run_settings.FILE_NAME, found.message, pointer=found.pointer)
    return Choices(run_settings.RunSettings(), catalogue.base_model(default))


def _limits() -> RunLimits:
    """What the deployment lets a run choose."""
    settings = environment()
    return RunLimits(settings.max_model_units, settings.gate, settings.allowed_models)


def _given(run: Run, choices: Choices, report: DatasetReport) -> Given:
    """Reads the sets that there are: the object that started the run at its version, its siblings as they are now."""
    source = _source(run)
    given: Given = {}
    for name, key in _keys(run).items():
        version_id = source.version_id if name == "train" else None
        file = key.rsplit("/", 1)[-1]
        with current().objects.opened(source.bucket, key, version_id) as stored:
            if stored is not None:
                given[name] = _read(stored, name, file, choices, report)
                logger.info("Set read", extra={"set": name, "key": key, "version_id": stored.version_id})
            elif name == "train":
                missing = f"{object_store.uri(source.bucket, key)} does not exist any more."
                report.add("no-records", file, missing)
    return given


def _read(
    stored: object_store.StoredObject, name: SetName, file: str, choices: Choices, report: DatasetReport
) -> RecordSet:
    if check_size(stored.size_bytes, name, file, choices.model, report):
        read = check_set(stored.stream, file, choices.model, report, run_settings.conversion(choices.settings))
    else:
        read = RecordSet(file, size_bytes=stored.size_bytes)
    read.version_id = stored.version_id
    return read


def _plan(run: Run, choices: Choices, prepared: PreparedDataset) -> dict[str, Any]:
    settings, model = choices
    records, recommended = prepared.counts(), recommended_hyperparameters(prepared, choices.wanted)
    sweep = settings.sweep
    jobs, note = candidates(
        model, settings.hyperparameters, sweep, records["train"], validated=bool(records["validation"])
    )

    def planned(name: SetName) -> dict[str, Any] | None:
        uri = object_store.uri(run.output_bucket, _set_key(run, name))
        leaked = {"leaked": prepared.leaked_test_records} if name == "test" else {}
        return {"uri": uri, "records": records[name], **leaked} if records[name] else None

    return {
        "output_bucket": run.output_bucket,
        "base_model": model.customization_id,
        "inference_model": model.inference_id,
        "hyperparameters": jobs[0]["hyperparameters"],
        "recommended": [each.dump() for each in recommended],
        "candidates": jobs,
        "sweep": {"jobs": sweep.jobs, "keep_models": sweep.keep_models, "note": note} if sweep else None,
        "serving": model.serving[0] if settings.serving == "auto" else settings.serving,
        "model_units": settings.model_units,
        "max_cost_usd": _lower(settings.max_cost_usd, environment().max_run_cost_usd),
        "needs_approval": environment().approval_hours is not None,
        "keep_job": settings.keep_job,
        "dataset": {name: planned(name) for name in SET_NAMES},
        "evaluation": settings.evaluation.model_dump(),
        "arms": {name: arm.model_dump() for name, arm in _arms(choices, prepared).items()},
        "shards": {name: f"{run.prefix}shards/{name}.jsonl" for name in ("baselines", "tuned", "judges")},
        # The tags that clean-up relies on win over a user's.
        "tags": settings.tags
        | bedrock_tags(environment().deployment, run.id, run.execution_arn)
        | {KEEP_JOB_TAG: "true" if settings.keep_job else "false"},
    }


def _lower(*caps: float | None) -> float | None:
    return min((cap for cap in caps if cap is not None), default=None)


def _write_sets(run: Run, given: Given, choices: Choices, prepared: PreparedDataset) -> list[bytes]:
    """Reads each given file again, at the version that was checked, and writes each record to its set.

    Returns the examples' lines.
    """
    conversion = run_settings.conversion(choices.settings)
    examples = dict.fromkeys(prepared.examples, b"")
    with ExitStack() as stack:
        written = [name for name in SET_NAMES if prepared.records(name)]
        writers = {
            name: stack.enter_context(current().objects.line_writer(run.output_bucket, _set_key(run, name)))
            for name in written
        }
        for name, read in given.items():
            with current().objects.opened(run.source.bucket, _keys(run)[name], read.version_id) as stored:
                if stored is None:
                    raise ServiceBusy(f"{read.file} is gone since it was checked: check again.")
                lines = convert(stored.stream, read, choices.model, conversion)
                for place, (side, line) in enumerate(zip(prepared.sides[name], lines, strict=True)):
                    writers[SET_NAMES[side]].write(line)
                    if name == "train" and place in examples:
                        examples[place] = line
    return list(examples.values())


def _write_report(run: Run, document: DatasetDocument) -> str:
    body = orjson.dumps(document.dump())
    return current().objects.write(run.output_bucket, f"{run.prefix}{_REPORT}", body)


def _arms(choices: Choices, prepared: PreparedDataset) -> Arms:
    return plan_arms(run_settings.compared_models(choices), len(prepared.examples))


def _write_evaluation(run: Run, choices: Choices, prepared: PreparedDataset, examples: list[bytes]) -> None:
    """The items of the two maps that ask questions, what stands before the questions, and which belong together."""
    arms = _arms(choices, prepared)
    for name, answering in (("baselines", baselines(arms)), ("tuned", needing_throughput(arms))):
        items = plan_shards(answering, prepared.records("test"))
        lines = (item.model_dump_json().encode() for item in items)
        current().objects.write_lines(run.output_bucket, f"{run.prefix}shards/{name}.jsonl", lines)
    current().objects.write(run.output_bucket, f"{run.prefix}{TEST_GROUPS}", orjson.dumps(prepared.test_groups))
    if examples:
        current().objects.write_lines(run.output_bucket, f"{run.prefix}{EXAMPLES}", examples)


def _keys(run: Run) -> dict[SetName, str]:
    """Where the sets are that the user may have given."""
    source = _source(run)
    if source.folder is None:
        return {"train": source.key}
    return {name: f"{source.folder}{name}.jsonl" for name in SET_NAMES}


def _set_key(run: Run, name: SetName) -> str:
    return f"{run.prefix}dataset/{name}.jsonl"


def _source(run: Run) -> Source:
    return Source(run.source.bucket, run.source.key, run.source.version_id)
