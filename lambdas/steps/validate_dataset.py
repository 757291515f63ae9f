"""ValidateDataset: checks data set and run.json, converts and splits them, and plans the run, before it costs money."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import orjson
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.object_store import uri as uri_of
from lambdas.adapters.stores.stored_answers import EXAMPLES, TEST_GROUPS
from lambdas.adapters.stores.uploaded_files import UploadedFiles, etags_of_siblings
from lambdas.domain.core.errors import DatasetRejected
from lambdas.domain.core.run import Run
from lambdas.domain.curation.given_documents import GIVEN_DOCUMENTS, TakenDocuments, take_all
from lambdas.domain.dataset.finding_log import FindingLog
from lambdas.domain.dataset.folder import doubled_files, unknown_files
from lambdas.domain.dataset.preparation import PreparedDataset
from lambdas.domain.dataset.report import rejection
from lambdas.domain.dataset.set_names import DATASET_FINDINGS, DATASET_PAGE
from lambdas.domain.evaluation.arms import TUNED, baselines, needing_throughput
from lambdas.domain.evaluation.shards import plan_shards
from lambdas.domain.plan.plan import Plan
from lambdas.domain.settings import run_settings
from lambdas.domain.settings.run_limits import RunLimits
from lambdas.domain.settings.run_settings import Choices
from lambdas.steps.clock import Clock
from lambdas.steps.data_gate import CheckedDataset, check_dataset, write_sets
from lambdas.steps.observability import logger, metrics
from lambdas.steps.planning import make_plan, set_key
from lambdas.steps.uploaded_folder import wait_for_upload

_REPORT = "dataset/report.json"


def validate_dataset(
    run: Run,
    *,
    adapters: Adapters,
    default_base_model: str,
    limits: RunLimits,
    environment: str,
    needs_approval: bool,
    clock: Clock,
) -> Plan:
    """Writes report.json, report.html and issues.csv in any case; of accepted data what later states read.

    Raises DatasetRejected if data or run.json break a rule, and ServiceBusy if S3 is busy.
    """
    files = UploadedFiles(adapters.objects, run.source)
    folder = wait_for_upload(files, clock)
    choices, found = run_settings.choose(files.read_settings(), default_base_model, limits)
    documents = _keep_documents(run, choices, files, adapters)
    with _finding_log(run, adapters) as log:
        checked = check_dataset(
            files,
            choices,
            found,
            most_jobs=limits.max_sweep_jobs,
            unknown=unknown_files(folder, documents.prefix if documents else None),
            doubled=doubled_files(folder),
            documents=documents,
            log=log,
        )
    _log_files(files, checked)
    if checked.prepared is None:
        raise _rejected(run, checked, adapters)
    plan = make_plan(run, checked, checked.prepared, limits, environment=environment, needs_approval=needs_approval)
    plan = plan.model_copy(update={"siblings": etags_of_siblings(folder)})
    if plan.curation is not None and documents is not None:
        given = {"documents": documents.counts, "context_tag": choices.settings.context_tag}
        plan = plan.model_copy(update={"curation": plan.curation.model_copy(update=given)})
    examples = write_sets(
        files,
        checked,
        checked.prepared,
        lambda name: adapters.objects.line_writer(run.output_bucket, set_key(run, name)),
    )
    _write_evaluation(run, plan, checked.prepared, examples, adapters)
    _write_report(run, checked, adapters)
    counts = {"records": checked.prepared.counts(), "issue_counts": checked.document.issue_counts}
    logger.info("Data set accepted", extra=counts)
    return plan


def _keep_documents(run: Run, choices: Choices, files: UploadedFiles, adapters: Adapters) -> TakenDocuments | None:
    """Keeps the documents to write about as they are now; None where the run reads none from files."""
    synthesis = choices.settings.synthesis
    if synthesis is None or synthesis.prefix is None:
        return None
    with adapters.objects.line_writer(run.output_bucket, f"{run.prefix}{GIVEN_DOCUMENTS}") as writer:
        return take_all(synthesis.prefix, files.documents(synthesis.prefix), writer.write)


@contextmanager
def _finding_log(run: Run, adapters: Adapters) -> Iterator[FindingLog]:
    """All findings as a file, which is written while they are found."""
    with adapters.objects.line_writer(run.output_bucket, f"{run.prefix}{DATASET_FINDINGS}", "text/csv") as writer:
        log = FindingLog(writer.write)
        yield log
        log.close()


def _log_files(files: UploadedFiles, checked: CheckedDataset) -> None:
    for name, read in checked.given.items():
        place = files.places[name]
        logger.info("Set read", extra={"set": name, "place": place, "version_id": read.version_id})
    metrics.add_metric("RecordsRead", MetricUnit.Count, checked.document.records.read)


def _rejected(run: Run, checked: CheckedDataset, adapters: Adapters) -> DatasetRejected:
    document, uri = checked.document, _write_report(run, checked, adapters)
    logger.warning("Data set rejected", extra={"issue_counts": document.issue_counts, "report": uri})
    metrics.add_metric("DatasetsRejected", MetricUnit.Count, 1)
    page, findings = (uri_of(run.output_bucket, run.prefix + key) for key in (DATASET_PAGE, DATASET_FINDINGS))
    return DatasetRejected(rejection(document, page, findings))


def _write_report(run: Run, checked: CheckedDataset, adapters: Adapters) -> str:
    """Writes the page and the report, and returns the report's URI."""
    # A cold start does not pay for the template engine and the drawing library.
    from lambdas.domain.report.dataset_page import render_dataset_page  # noqa: PLC0415

    page = render_dataset_page(checked.document, checked.given, checked.prepared).encode()
    adapters.objects.write(run.output_bucket, f"{run.prefix}{DATASET_PAGE}", page, "text/html; charset=utf-8")
    document = orjson.dumps(checked.document.dump())
    return adapters.objects.write(run.output_bucket, f"{run.prefix}{_REPORT}", document)


def _write_evaluation(
    run: Run, plan: Plan, prepared: PreparedDataset, examples: Sequence[bytes], adapters: Adapters
) -> None:
    """The items of the maps that ask questions, what stands before the questions, and which belong together."""
    objects, bucket = adapters.objects, run.output_bucket
    tuned = needing_throughput(plan.arms)
    lists = {plan.shards.baselines: baselines(plan.arms), plan.shards.tuned: tuned}
    if plan.shards.candidates is not None:
        # The name of the arm is each candidate's own.
        lists[plan.shards.candidates] = {TUNED: tuned[TUNED]}
    for key, arms in lists.items():
        items = plan_shards(arms, plan.dataset.test.records)
        objects.write_lines(bucket, key, (item.model_dump_json().encode() for item in items))
    objects.write(bucket, f"{run.prefix}{TEST_GROUPS}", orjson.dumps(prepared.test_groups))
    if examples:
        objects.write_lines(bucket, f"{run.prefix}{EXAMPLES}", examples)
