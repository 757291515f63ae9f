"""ClaimRun: makes one run out of an S3 event, however often the event is delivered."""

from typing import Any

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lambdas.adapters.adapters import current
from lambdas.adapters.aws import object_store
from lambdas.domain.core import run as runs
from lambdas.domain.core.errors import InvalidEvent, RunLimitReached
from lambdas.domain.core.object_created import ObjectCreated
from lambdas.domain.core.run import Claim
from lambdas.domain.core.timestamps import now
from lambdas.domain.settings.daily_runs import refusal
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import bind_run, logger, metrics


class ClaimRequest(BaseModel):
    """What the state hands over."""

    model_config = ConfigDict(extra="forbid")

    event: ObjectCreated
    execution_arn: str = Field(min_length=1, max_length=1024)


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Returns `{"run": …}` as docs/architecture.md has it; `claimed` is false where another execution has the run.

    Raises InvalidEvent, RunLimitReached where the day has had all its runs, and ServiceBusy where S3 is busy.
    """
    try:
        request = ClaimRequest.model_validate(event)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise InvalidEvent(f'The input is not an S3 "Object Created" event for a data set: {wrong}.') from error
    source = request.event.created()
    run_id = runs.run_id(source)
    bind_run(run_id)
    claim, is_new = _claim(run_id, request.execution_arn)
    claimed = claim.execution_arn == request.execution_arn
    if claimed:
        _count(claim, object_store.uri(source.bucket, source.key), again=not is_new)
        logger.info("Run claimed", extra={"source": object_store.uri(source.bucket, source.key)})
        metrics.add_metric("RunsClaimed", MetricUnit.Count, 1)
    else:
        logger.info("Run belongs to another execution", extra={"owner": claim.execution_arn})
        metrics.add_metric("DuplicateEvents", MetricUnit.Count, 1)
    return {
        "run": {
            "id": run_id,
            "claimed": claimed,
            "owner": claim.execution_arn,
            "execution_arn": request.execution_arn,
            "source": {"bucket": source.bucket, "key": source.key, "version_id": source.version_id},
            "output_bucket": environment().output_bucket,
            "prefix": runs.prefix(run_id),
            "claimed_at": claim.claimed_at,
        }
    }


def _count(claim: Claim, source: str, *, again: bool) -> None:
    """Takes a number of the day for the run, once; another delivery of its event has no claim and takes none."""
    most = environment().max_runs_per_day
    if most is not None and not current().daily_runs.take(environment().output_bucket, claim, most, again=again):
        metrics.add_metric("RunsRefused", MetricUnit.Count, 1)
        raise RunLimitReached(refusal(source, claim.claimed_at, most))


def _claim(run_id: str, execution_arn: str) -> tuple[Claim, bool]:
    """The claim that stands, and whether it was made now; a retry of the same execution finds its own."""
    bucket, key = environment().output_bucket, runs.claim_key(run_id)
    ours = Claim(run_id=run_id, execution_arn=execution_arn, claimed_at=now())
    if current().objects.write_new(bucket, key, orjson.dumps(ours.model_dump())):
        return ours, True
    standing = current().objects.read(bucket, key)
    if standing is None:
        raise InvalidEvent(
            f"{object_store.uri(bucket, key)} was deleted while the run was claimed: upload the data set again."
        )
    return Claim.model_validate_json(standing), False
