"""What people are told of a run that waits for a quota with its model trained."""

from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.serving.serving import Serving

# The refusal at which people are told, counted from 0: the waits before it are half an hour.
TOLD_REFUSAL = 7


def quota_message(run_id: str, execution_arn: str, serving: Serving) -> Notification:
    """Tells what the run waits for, that nothing bills, and how to end the wait."""
    what = f"The model is trained and cannot be served yet as {serving.name}. {serving.message}"
    what_next = (
        "The run asks again at least every quarter of an hour, until its deadline. If this does not end by itself, "
        "delete what nobody needs in Amazon Bedrock, or ask for more in Service Quotas, Amazon Bedrock. To end the run "
        "earlier, stop its execution."
    )
    where = f"Run: {run_id}\nExecution: {execution_arn}"
    return notification(f"{run_id}: waits for a quota", "\n\n".join([what, what_next, where]))
