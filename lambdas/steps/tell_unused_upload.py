"""Tells people of an upload that starts no run, so that nobody waits for one."""

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import Source
from lambdas.domain.dataset.unused_upload import MOST_AN_HOUR, unused_message, unused_upload
from lambdas.steps.observability import logger


def tell_unused_upload(
    source: Source, hour: str, *, adapters: Adapters, output_bucket: str, topic_arn: str, request_id: str
) -> bool:
    """Whether a message was sent; `hour` is that of the upload, such as `2026-11-28T12`.

    Raises ServiceBusy and Refused.
    """
    upload = unused_upload(source)
    if upload is None:
        return False
    # A run reports the wrong names in its folder; a person hears of them here only where there is no run.
    prefix = upload.training_prefix
    if prefix and upload.is_told_by_a_run(adapters.objects.keys(source.bucket, prefix)):
        return False
    number = adapters.told_uploads.take(output_bucket, upload, hour, request_id)
    if number is None:
        logger.info("Not told again", extra={"key": source.key})
        return False
    message = unused_message(upload, is_last=number >= MOST_AN_HOUR)
    adapters.topic.publish(topic_arn, message)
    logger.warning(message.message)
    return True
