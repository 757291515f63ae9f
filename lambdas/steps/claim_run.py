"""ClaimRun: makes one run out of an S3 event, however often the event is delivered."""

import orjson
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.object_store import uri
from lambdas.domain.core import run as runs
from lambdas.domain.core.errors import InvalidEvent, OwnerFailed, RunLimitReached
from lambdas.domain.core.run import Claim, Run, RunSource, Source
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving.lease import ENDED_BADLY
from lambdas.domain.settings.daily_runs import refusal
from lambdas.steps.observability import bind_run, logger, metrics


def claim_run(
    source: Source,
    execution_arn: str,
    *,
    adapters: Adapters,
    output_bucket: str,
    max_runs_per_day: int | None,
) -> Run:
    """The run that the object starts; `claimed` is false if another execution has it.

    Raises InvalidEvent, OwnerFailed if the other execution has failed, RunLimitReached if the day has had all its runs,
    and ServiceBusy if S3 or Step Functions is busy.
    """
    run_id = runs.run_id(source)
    bind_run(run_id)
    claim, is_new = _claim(run_id, execution_arn, output_bucket, adapters)
    claimed = claim.execution_arn == execution_arn
    if claimed:
        place = uri(source.bucket, source.key)
        if max_runs_per_day is not None:
            _count(claim, place, output_bucket, max_runs_per_day, adapters, again=not is_new)
        logger.info("Run claimed", extra={"source": place})
        metrics.add_metric("RunsClaimed", MetricUnit.Count, 1)
    else:
        logger.info("Run belongs to another execution", extra={"owner": claim.execution_arn})
        metrics.add_metric("DuplicateEvents", MetricUnit.Count, 1)
        _refuse_after_failure(claim, output_bucket, adapters)
    return Run(
        id=run_id,
        claimed=claimed,
        owner=claim.execution_arn,
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
    report = runs.report_key(runs.prefix(claim.run_id))
    owner = adapters.executions.find(claim.execution_arn)
    if owner is None:
        # Step Functions forgets an execution after 90 days; what it came to is in its report.
        stored = adapters.objects.read(output_bucket, report)
        failed = stored is not None and orjson.loads(stored).get("status") == "failed"
    else:
        failed = owner.status in ENDED_BADLY
    if failed:
        ended = owner.status if owner else "FAILED"
        raise OwnerFailed(
            f"An upload makes one run, and that of this upload ended as {ended}: the execution "
            f"{claim.execution_arn} has it, and {uri(output_bucket, report)} says why. To run again, upload the data "
            'set again; "New execution" with the same input starts nothing.'
        )


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
