"""TellUnusedUpload: tells people of an upload that starts no run. It serves no state, but an event rule."""

from datetime import UTC, datetime

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import InvalidEvent
from lambdas.domain.core.object_created import ObjectCreated
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.tell_unused_upload import tell_unused_upload


class TimedObjectCreated(ObjectCreated):
    """The event with its time, which all of its deliveries share."""

    time: datetime


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes S3's event "Object Created" and returns `{"told"}`. Raises ServiceBusy: Lambda repeats the event twice."""
    environment = composition.root.environment
    if environment.topic_arn is None:
        raise InvalidEvent("The variable TOPIC_ARN is missing.")
    created = TimedObjectCreated.model_validate(event)
    told = tell_unused_upload(
        created.created(),
        created.time.astimezone(UTC).strftime("%Y-%m-%dT%H"),
        adapters=composition.root.adapters,
        output_bucket=environment.output_bucket,
        topic_arn=environment.topic_arn,
        request_id=context.aws_request_id,
    )
    return {"told": told}
