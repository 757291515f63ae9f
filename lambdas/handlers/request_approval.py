"""RequestApproval: asks the topic's readers, and leaves the task token where they answer it."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.choice import TunedModel
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.request_approval import request_approval, request_removal


class ApprovalPause(Fact):
    """What the state says of its pause: the token that ends it, its longest time, and who is told of it."""

    task_token: str
    timeout_seconds: float
    topic_arn: str


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan", "task_token", "timeout_seconds", "topic_arn"}`, and before a purchase "jobs" and "model".

    Raises ServiceBusy and Refused. What it returns is not used: the state's result is what ends the pause,
    `{"decision", "by", "answered_at", …}`.
    """
    settings, pause = (
        composition.root.environment,
        ApprovalPause.parse({name: event.get(name) for name in ApprovalPause.model_fields}),
    )
    run, plan = Run.parse_from(event, "run"), Plan.parse_from(event, "plan")
    curation = plan.curation
    if curation is not None and curation.status == "approve" and curation.cleaning is not None:
        request_removal(
            run,
            curation.cleaning,
            adapters=composition.root.adapters,
            task_token=pause.task_token,
            timeout_seconds=pause.timeout_seconds,
            topic_arn=pause.topic_arn,
            environment=settings.deployment,
        )
        return {}
    request_approval(
        run,
        plan,
        Jobs.parse_from(event, "jobs"),
        TunedModel.parse_from(event, "model"),
        adapters=composition.root.adapters,
        task_token=pause.task_token,
        timeout_seconds=pause.timeout_seconds,
        topic_arn=pause.topic_arn,
        environment=settings.deployment,
        longest_lease_hours=settings.longest_lease_hours,
    )
    return {}
