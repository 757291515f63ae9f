"""Subscriptions of a topic: one that counted unconfirmed would hide that nobody hears."""

import json

import pytest

from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")


def counted(sandbox: Sandbox, topic: str) -> tuple[str, str]:
    """How many subscriptions of the topic are confirmed, and how many wait for it."""
    attributes = sandbox.aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    return attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]


def test_an_email_address_counts_only_once_it_is_confirmed_and_a_queue_at_once(sandbox: Sandbox) -> None:
    """On AWS the owner of an address opens a link first."""
    sns, sqs = sandbox.aws.client("sns"), sandbox.aws.client("sqs")
    topic = sns.create_topic(Name="results")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ml@example.com")
    assert counted(sandbox, topic) == ("0", "1")
    url = sqs.create_queue(QueueName="reader")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    assert counted(sandbox, topic) == ("1", "1")


def test_an_email_address_of_a_stack_counts_only_once_it_is_confirmed(sandbox: Sandbox) -> None:
    """`notification_email` alone makes no reader."""
    subscription = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "ml@example.com"}
    template = {
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Reader": {"Type": "AWS::SNS::Subscription", "Properties": subscription},
        },
        "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}},
    }
    cloudformation = sandbox.aws.client("cloudformation")
    cloudformation.create_stack(StackName="told", TemplateBody=json.dumps(template))
    made = sandbox.until(
        lambda: cloudformation.describe_stacks(StackName="told")["Stacks"][0],
        lambda stack: bool(stack["StackStatus"] == "CREATE_COMPLETE"),
    )
    assert counted(sandbox, made["Outputs"][0]["OutputValue"]) == ("0", "1")
