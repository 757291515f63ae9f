"""The grants of the environments that are deployed on an embedded AWS: each template's, with what it came to there."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from local.embedded_aws import EmbeddedAws
from local.permissions.accounting import DeployedGrant, Statement
from local.permissions.grants import Grant, GrantPlace, Json, grants, listed

STACKS = ("data", "pipeline")


def deployed_grants(aws: EmbeddedAws, environments: Sequence[str], original: str) -> Iterator[DeployedGrant]:
    """The grants of each environment, named as the templates of the `original` name them."""
    for stack in STACKS:
        named = list(grants(_template(aws, f"{original}-{stack}")))
        for environment in environments:
            yield from _DeployedStack(aws, f"{environment}-{stack}").grants(named)


def _template(aws: EmbeddedAws, stack: str) -> Json:
    body = aws.client("cloudformation").get_template(StackName=stack)["TemplateBody"]
    return dict(json.loads(body) if isinstance(body, str) else body)


class _DeployedStack:
    """One stack: its template, and the resources and policies that it has."""

    def __init__(self, aws: EmbeddedAws, stack: str) -> None:
        self._aws, self._template = aws, _template(aws, stack)
        found = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        self._physical = {str(each["LogicalResourceId"]): str(each["PhysicalResourceId"]) for each in found}
        # How the policy is read that a resource of a type has made.
        self._read: Mapping[str, Callable[[str, Json], Json]] = {
            "AWS::IAM::Policy": self._role_policy,
            "AWS::Lambda::Permission": self._function_policy,
            "AWS::S3::BucketPolicy": self._bucket_policy,
            "AWS::SNS::TopicPolicy": self._topic_policy,
            "AWS::SQS::QueuePolicy": self._queue_policy,
            "AWS::KMS::Key": self._key_policy,
        }

    def grants(self, named: Sequence[tuple[GrantPlace, Grant]]) -> Iterator[DeployedGrant]:
        """Each grant of the template as it stands in the stack. All environments have the same grants in one order."""
        documents: dict[str, Json] = {}
        for (_, grant), (place, _) in zip(named, grants(self._template), strict=True):
            resource = self._template["Resources"][place.logical_id]
            if place.logical_id not in documents:
                documents[place.logical_id] = self._read[resource["Type"]](place.logical_id, resource["Properties"])
            document = documents[place.logical_id]
            number = self._number(place, document)
            statement = document["Statement"][number]
            yield DeployedGrant(
                grant,
                grant.to or self._role(resource["Properties"]),
                Statement("" if grant.to else resource["Properties"]["PolicyName"], number + 1),
                str(listed(statement["Action"])[place.action]),
                str(listed(statement["Resource"])[place.resource]),
            )

    def _number(self, place: GrantPlace, document: Json) -> int:
        """A permission is a statement of its own in a policy that others make, too."""
        sid = self._physical[place.logical_id]
        sids = [statement.get("Sid") for statement in document["Statement"]]
        return sids.index(sid) if sid in sids else place.statement

    def _role(self, properties: Json) -> str:
        return self._physical[properties["Roles"][0]["Ref"]]

    def _named(self, value: Any) -> str:
        """The physical name of what a property refers to."""
        [reference] = value.values()
        return self._physical[listed(reference)[0]]

    def _role_policy(self, _: str, properties: Json) -> Json:
        iam = self._aws.client("iam")
        found = iam.get_role_policy(RoleName=self._role(properties), PolicyName=properties["PolicyName"])
        return dict(found["PolicyDocument"])

    def _function_policy(self, _: str, properties: Json) -> Json:
        name = self._named(properties["FunctionName"])
        return dict(json.loads(self._aws.client("lambda").get_policy(FunctionName=name)["Policy"]))

    def _bucket_policy(self, _: str, properties: Json) -> Json:
        name = self._named(properties["Bucket"])
        return dict(json.loads(self._aws.client("s3").get_bucket_policy(Bucket=name)["Policy"]))

    def _topic_policy(self, _: str, properties: Json) -> Json:
        arn = self._named(properties["Topics"][0])
        return dict(json.loads(self._aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]))

    def _queue_policy(self, _: str, properties: Json) -> Json:
        url = self._named(properties["Queues"][0])
        attributes = self._aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
        return dict(json.loads(attributes["Attributes"]["Policy"]))

    def _key_policy(self, logical_id: str, _: Json) -> Json:
        key = self._physical[logical_id]
        found = self._aws.client("kms").get_key_policy(KeyId=key, PolicyName="default")
        return dict(json.loads(found["Policy"]))
