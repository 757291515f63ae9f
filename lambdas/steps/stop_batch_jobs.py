"""Stops the batch jobs of a run that is over, or that asks their questions in another way."""

from collections.abc import Iterable

from lambdas.adapters.aws.batch_inference import BatchInference
from lambdas.adapters.aws.service_errors import Conflict, NotFound, Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import batch_names_begin
from lambdas.steps.observability import logger


def stop_batch_jobs(run_id: str, environment: str, known: Iterable[str], batch: BatchInference) -> list[str]:
    """Asks those under way to stop, and returns their ARNs. Raises ServiceBusy and Refused once every one was tried.

    Beside the `known` ARNs they are found by their names: the start of one may have been cut off before its ARN was
    recorded, and the list may not show a new one yet.
    """
    stopped: list[str] = []
    trouble: Exception | None = None
    listed = (job.arn for job in batch.list_running(batch_names_begin(environment, run_id)))
    for arn in dict.fromkeys([*known, *listed]):
        try:
            batch.stop(arn)
        except (Conflict, NotFound) as over:
            # It has ended, or stops already.
            logger.info("Batch job not stopped", extra={"job_arn": arn, "reason": over.message})
        except (Refused, ServiceBusy) as error:
            trouble = error
        else:
            logger.info("Batch job stopped", extra={"job_arn": arn})
            stopped.append(arn)
    if trouble is not None:
        raise trouble
    return stopped
