"""Dead-letter queues: what could not be delivered lies there for two weeks, for a person to read."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.acknowledgements import acknowledge


def dead_letter_queue(scope: Construct, construct_id: str) -> sqs.Queue:
    """An encrypted queue, reached over TLS only."""
    queue = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=cdk.Duration.days(14),
    )
    last = "It is the dead-letter queue itself: a person reads it."
    acknowledge(queue, {"AwsSolutions::AwsSolutions-SQS3": last, "Serverless::Serverless-SQSRedrivePolicy": last})
    return queue
