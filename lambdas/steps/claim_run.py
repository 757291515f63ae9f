"""ClaimRun: makes one run out of an S3 event, however often the event is delivered."""

import orjson
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.object_store import uri
from lambdas.domain.core import run as runs
from lambdas.domain.core.errors import AlreadyClaimed, InvalidEvent, OwnerFailed, RunLimitReached
from lambdas.domain.core.fact import JsonObject
from lambdas.domain.core.run import Claim, Run, RunSource, Source
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving.lease import ENDED_BADLY
from lambdas.domain.settings.daily_runs import refusal
from lambdas.domain.training.given_model import go_on_with
from lambdas.steps.observability import bind_run, logger, metrics


def claim_run(
    source: Source,
    execution_arn: str,
    *,
    adapters: Adapters,
    output_bucket: str,
    max_runs_per_day: int | None,
) -> Run:
    """The run that the object starts.

    Raises InvalidEvent, AlreadyClaimed if another execution has the run, OwnerFailed if that one has failed,
    RunLimitReached if the day has had all its runs, and ServiceBusy if S3 or Step Functions is busy.
    """
    run_id = runs.run_id(source)
    bind_run(run_id)
    claim, is_new = _claim(run_id, execution_arn, output_bucket, adapters)
    if claim.execution_arn != execution_arn:
        metrics.add_metric("DuplicateEvents", MetricUnit.Count, 1)
        _refuse_after_failure(claim, output_bucket, adapters)
        raise AlreadyClaimed(f"The execution {claim.execution_arn} has the run {run_id} of this upload.")
    place = uri(source.bucket, source.key)
    if max_runs_per_day is not None:
        _count(claim, place, output_bucket, max_runs_per_day, adapters, again=not is_new)
    logger.info("Run claimed", extra={"source": place})
    metrics.add_metric("RunsClaimed", MetricUnit.Count, 1)
    return Run(
        id=run_id,
        execution_arn=execution_arn,
        source=RunSource(bucket=source.bucket, key=source.key, version_id=source.version_id),
        output_bucket=output_bucket,
        prefix=runs.prefix(run_id),
        claimed_at=claim.claimed_at,
    )


def _count(claim: Claim, place: str, output_bucket: str, most: int, adapters: Adapters, *, again: bool) -> None:
    """Takes a number of the day for the run, once; another delivery of its event has no claim and takes none."""
    if not adapters.daily_runs.take(output_bucket, claim, most, again=again):
        metrics.add_metric("RunsRefused", MetricUnit.Count, 1)
        raise RunLimitReached(refusal(place, claim.claimed_at, most))


def _refuse_after_failure(claim: Claim, output_bucket: str, adapters: Adapters) -> None:
    """Raises OwnerFailed: a second delivery ends quietly, but who starts a failed run again waits for a result."""
    key = runs.report_key(runs.prefix(claim.run_id))
    owner = adapters.executions.find(claim.execution_arn)
    if owner is not None and owner.status not in ENDED_BADLY:
        return
    report = _report(output_bucket, key, adapters)
    # Step Functions forgets an execution after 90 days; what it came to is in its report.
    if owner is None and report.get("status") != "failed":
        return
    model, ended = report.get("custom_model_arn"), owner.status if owner else "FAILED"
    remedy = go_on_with([model], claim.run_id) if isinstance(model, str) else "To run again, upload the data set again."
    raise OwnerFailed(
        f"An upload makes one run, and that of this upload ended as {ended}: the execution "
        f"{claim.execution_arn} has it, and {uri(output_bucket, key)} says why. {remedy} "
        '"New execution" with the same input starts nothing.'
    )


def _report(output_bucket: str, key: str, adapters: Adapters) -> JsonObject:
    """The owner's report.json as it is; empty where it has none, or one that is no JSON object."""
    try:
        stored = orjson.loads(adapters.objects.read(output_bucket, key) or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return stored if isinstance(stored, dict) else {}


def _claim(run_id: str, execution_arn: str, output_bucket: str, adapters: Adapters) -> tuple[Claim, bool]:
    """The claim that stands, and whether it was made now; a retry of the same execution finds its own."""
    key = runs.claim_key(run_id)
    ours = Claim(run_id=run_id, execution_arn=execution_arn, claimed_at=now())
    if adapters.objects.write_new(output_bucket, key, orjson.dumps(ours.model_dump())):
        return ours, True
    standing = adapters.objects.read(output_bucket, key)
    if standing is None:
        raise InvalidEvent(
            f"{uri(output_bucket, key)} was deleted while the run was claimed: upload the data set again."
        )
    return Claim.model_validate_json(standing), False
