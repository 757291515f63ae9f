"""The topic that tells people of results and failures."""

from lambdas.adapters.aws import clients
from lambdas.adapters.aws.service_errors import named_errors
from lambdas.domain.core.notification import Notification


def publish(topic_arn: str, told: Notification) -> None:
    """Sends a message; raises ServiceBusy or Refused."""
    with named_errors("Publish"):
        clients.sns().publish(TopicArn=topic_arn, Subject=told.subject, Message=told.message)
