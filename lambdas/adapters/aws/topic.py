"""The topic that tells people of results and failures."""

from typing import TYPE_CHECKING

from lambdas.adapters.aws.service_errors import named_errors
from lambdas.domain.core.notification import Notification

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient


class Topic:
    """Sends to a topic of Amazon SNS."""

    def __init__(self, sns: "SNSClient") -> None:
        self._sns = sns

    def publish(self, topic_arn: str, notification: Notification) -> None:
        """Sends a message; raises ServiceBusy or Refused."""
        with named_errors("Publish"):
            self._sns.publish(TopicArn=topic_arn, Subject=notification.subject, Message=notification.message)
