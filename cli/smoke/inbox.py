"""A queue that gets what an environment's topic of results tells, as a person who has subscribed."""

import json
from collections.abc import Iterator
from typing import Any

from cli.account import Account


class Inbox:
    """Made for one environment, by plain calls; `delete` takes it away."""

    def __init__(self, account: Account, environment: str, topic: str) -> None:
        self._sqs: Any = account.client("sqs")
        self._url = self._sqs.create_queue(QueueName=name_of(environment))["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        account.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def messages(self) -> Iterator[str]:
        """The subjects and texts of all that has arrived."""
        while received := self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=5, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for each in received:
                body = json.loads(each["Body"])
                yield f"{body.get('Subject', '')}\n{body['Message']}"
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])


def name_of(environment: str) -> str:
    """The name of its queue."""
    return f"{environment}-inbox"
