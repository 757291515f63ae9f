"""RequestApproval: asks the topic's readers whether to buy, and leaves the task token where they answer it."""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.object_store import uri
from lambdas.domain.core.run import Run
from lambdas.domain.core.timestamps import now
from lambdas.domain.dataset.set_names import DATASET_FINDINGS, DATASET_PAGE
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report import approval
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.choice import TunedModel
from lambdas.steps.observability import logger, metrics


def request_approval(
    run: Run,
    plan: Plan,
    jobs: Jobs,
    model: TunedModel,
    *,
    adapters: Adapters,
    task_token: str,
    timeout_seconds: float,
    topic_arn: str,
    environment: str,
    longest_lease_hours: float,
) -> None:
    """Stores the request and publishes it. Raises ServiceBusy and Refused.

    A repeated attempt has a token of its own, which replaces the earlier one, and asks again.
    """
    preflight = adapters.preflight_documents.read(run.output_bucket, run.prefix)
    estimate = preflight.estimate if preflight else None
    request = approval.request(run.execution_arn, task_token, now(), timeout_seconds, estimate)
    adapters.approvals.write(run.output_bucket, run.id, request)
    others = [one for one in jobs.candidates if one.model_arn is not None and one.number != model.number]
    # Earlier versions stored none.
    served = max(1, len(model.served))
    message = approval.request_message(
        run.id,
        request,
        approval.purchase_text(plan.serving, plan.model_units, longest_lease_hours, served),
        model.validation_loss,
        deleted_models=0 if plan.keep_models else len(others),
        environment=environment,
        region=adapters.clients.sns.meta.region_name,
        dataset_page=uri(run.output_bucket, f"{run.prefix}{DATASET_PAGE}"),
        findings=uri(run.output_bucket, f"{run.prefix}{DATASET_FINDINGS}"),
    )
    adapters.topic.publish(topic_arn, message)
    logger.info("Approval requested", extra={"answer_until": request.answer_until})
    metrics.add_metric("ApprovalsRequested", MetricUnit.Count, 1)
