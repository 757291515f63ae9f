"""Stops the batch jobs of a run that is over, or that asks their questions in another way."""

from lambdas.adapters.aws.batch_inference import BatchInference
from lambdas.adapters.aws.service_errors import Conflict, Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import batch_names_begin
from lambdas.steps.observability import logger


def stop_batch_jobs(run_id: str, environment: str, batch: BatchInference) -> list[str]:
    """Asks those under way to stop, and returns their ARNs. Raises ServiceBusy and Refused once every one was tried.

    They are found by their names: the start of one may have been cut off before its ARN was recorded.
    """
    stopped: list[str] = []
    trouble: Exception | None = None
    for job in batch.list_running(batch_names_begin(environment, run_id)):
        try:
            batch.stop(job.arn)
        except Conflict as conflict:
            # It has ended, or stops already.
            logger.info("Batch job not stopped", extra={"job_arn": job.arn, "reason": conflict.message})
        except (Refused, ServiceBusy) as error:
            trouble = error
        else:
            logger.info("Batch job stopped", extra={"job_arn": job.arn})
            stopped.append(job.arn)
    if trouble is not None:
        raise trouble
    return stopped
