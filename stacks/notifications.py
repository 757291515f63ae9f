"""The topic that tells results and failures; an email address is subscribed where the settings name one."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.settings import Settings


class Notifications(Construct):
    """`topic`: encrypted, over TLS only."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey | None, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self,
            "Topic",
            display_name=f"Fine-tuning results of {settings.deployment}",
            enforce_ssl=True,
            master_key=key or kms.Alias.from_alias_name(self, "SnsKey", "alias/aws/sns"),
        )
        if settings.notification_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.notification_email))
            acknowledge(
                self.topic,
                {
                    "Serverless::Serverless-SNSRedrivePolicy": "A message repeats what report.json says: "
                    "one that SNS could not deliver by email is lost nowhere else."
                },
            )
