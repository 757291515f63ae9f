"""The topic that tells people of results and failures."""

from lambdas.adapters import clients
from lambdas.adapters.service_errors import named_errors


def publish(topic_arn: str, subject: str, message: str) -> None:
    """Sends a message; raises ServiceBusy or Refused."""
    with named_errors("Publish"):
        clients.sns().publish(TopicArn=topic_arn, Subject=subject, Message=message)
