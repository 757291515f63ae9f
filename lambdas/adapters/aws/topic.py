"""The topics that tell people of results, failures and alarms."""

from typing import TYPE_CHECKING

from lambdas.adapters.aws.service_errors import named_errors
from lambdas.domain.core.notification import Notification

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

    from lambdas.domain.preflight.subscribers import Subscriptions


class Topic:
    """Sends to a topic of Amazon SNS."""

    def __init__(self, sns: "SNSClient") -> None:
        self._sns = sns

    def publish(self, topic_arn: str, notification: Notification) -> None:
        """Sends a message; raises ServiceBusy or Refused."""
        with named_errors("Publish"):
            self._sns.publish(TopicArn=topic_arn, Subject=notification.subject, Message=notification.message)

    def subscriptions(self, topic_arn: str) -> "Subscriptions":
        """How many there are of a topic; raises ServiceBusy or Refused."""
        from lambdas.domain.preflight.subscribers import Subscriptions  # noqa: PLC0415 - the preflight's alone

        with named_errors("GetTopicAttributes"):
            attributes = self._sns.get_topic_attributes(TopicArn=topic_arn)["Attributes"]
        return Subscriptions(int(attributes["SubscriptionsConfirmed"]), int(attributes["SubscriptionsPending"]))
