"""The topics for results and for alarms; an email address is subscribed where the settings name one."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.settings import Settings


class Notifications(Construct):
    """`topic` tells results and failures, encrypted; `alarm_topic` tells CloudWatch's alarms. Both over TLS only.

    CloudWatch may not use the key `alias/aws/sns` that AWS manages (CloudWatch user guide, "Notifying users on alarm
    changes"): its messages would silently not come. Alarms hold names of metrics alone, so that without a customer's
    key their topic has none.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey | None, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self,
            "Topic",
            display_name=f"Fine-tuning results of {settings.deployment}",
            enforce_ssl=True,
            master_key=key or kms.Alias.from_alias_name(self, "SnsKey", "alias/aws/sns"),
        )
        self.alarm_topic = sns.Topic(
            self,
            "AlarmTopic",
            display_name=f"Fine-tuning alarms of {settings.deployment}",
            enforce_ssl=True,
            master_key=key,
        )
        # A policy of one's own, as enforce_ssl makes it, takes the place of the one by which SNS lets the account's
        # alarms publish: without this statement none of them would arrive.
        self.alarm_topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[self.alarm_topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        if settings.notification_email:
            for topic in (self.topic, self.alarm_topic):
                topic.add_subscription(subscriptions.EmailSubscription(settings.notification_email))
                acknowledge(
                    topic,
                    {
                        "Serverless::Serverless-SNSRedrivePolicy": "A message repeats what report.json, the execution "
                        "or the alarm says: one that SNS could not deliver by email is lost nowhere else."
                    },
                )
