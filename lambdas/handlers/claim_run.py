"""ClaimRun: makes one run out of an S3 event, however often the event is delivered."""

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lambdas.domain.core.errors import InvalidEvent
from lambdas.domain.core.object_created import ObjectCreated
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.claim_run import claim_run


class ClaimRequest(BaseModel):
    """What the state hands over."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    event: ObjectCreated
    execution_arn: str = Field(min_length=1, max_length=1024)


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"event", "execution_arn"}` and returns `{"run": $.run}`."""
    try:
        request = ClaimRequest.model_validate(event)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise InvalidEvent(f'The input is not an S3 "Object Created" event for a data set: {wrong}.') from error
    environment = composition.root.environment
    run = claim_run(
        request.event.created(),
        request.execution_arn,
        adapters=composition.root.adapters,
        output_bucket=environment.output_bucket,
        max_runs_per_day=environment.max_runs_per_day,
    )
    return {"run": run.dump()}
