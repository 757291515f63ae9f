"""RequestApproval: asks the topic's readers, and leaves the task token where they answer it.

They are asked whether to buy, and before the training whether judges may leave many training records out.
"""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.object_store import uri
from lambdas.adapters.stores.stored_curation import CLEANING, set_key
from lambdas.domain.core.run import Run
from lambdas.domain.core.timestamps import now
from lambdas.domain.curation.cleaning import CleaningCounts
from lambdas.domain.dataset.set_names import DATASET_FINDINGS, DATASET_PAGE
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report import approval
from lambdas.domain.report.removal_request import removal_message
from lambdas.domain.report.removal_samples import REMOVAL_SAMPLES
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
    earlier = adapters.approvals.read(run.output_bucket, run.id)
    request = approval.request(run.execution_arn, task_token, now(), timeout_seconds, estimate, earlier=earlier)
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


def request_removal(
    run: Run,
    counts: CleaningCounts,
    *,
    adapters: Adapters,
    task_token: str,
    timeout_seconds: float,
    topic_arn: str,
    environment: str,
) -> None:
    """Stores the request and publishes it. Raises ServiceBusy and Refused."""
    request = approval.request(run.execution_arn, task_token, now(), timeout_seconds, None, about="removal")
    adapters.approvals.write(run.output_bucket, run.id, request)
    message = removal_message(
        run.id,
        request,
        counts,
        environment=environment,
        region=adapters.clients.sns.meta.region_name,
        said=uri(run.output_bucket, set_key(run.prefix, CLEANING)),
        samples=uri(run.output_bucket, f"{run.prefix}dataset/{REMOVAL_SAMPLES}"),
    )
    adapters.topic.publish(topic_arn, message)
    logger.info("Approval of a removal requested", extra={"answer_until": request.answer_until})
    metrics.add_metric("ApprovalsRequested", MetricUnit.Count, 1)
