"""The topic that tells people of results and failures."""

from typing import TYPE_CHECKING

from lambdas.adapters.aws.service_errors import named_errors
from lambdas.domain.core.notification import Notification

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient


class Topic:
    """The topic that people read."""

    def __init__(self, sns: "SNSClient") -> None:
        self._sns = sns

    def publish(self, topic_arn: str, told: Notification) -> None:
        """Sends a message; raises ServiceBusy or Refused."""
        with named_errors("Publish"):
            self._sns.publish(TopicArn=topic_arn, Subject=told.subject, Message=told.message)
