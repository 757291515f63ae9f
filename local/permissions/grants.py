"""The grants of the templates, one for each action on each resource pattern that a policy allows.

A grant is named by who holds it: the construct path of a role, or of a policy on a bucket, topic, queue, key or
function. Its resource is told in the template's own terms (`s3:${OutputBucket}/runs/*`), so that the name is the same
in every environment. Who may assume a role is no grant here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# Resource types whose policy is a property, and the property that names what it belongs to.
RESOURCE_POLICIES = {
    "AWS::S3::BucketPolicy": ("PolicyDocument", "Bucket"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics"),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "Queues"),
    "AWS::KMS::Key": ("KeyPolicy", ""),
}
_ARN = re.compile(
    r"arn:(?:aws|\$\{AWS::Partition\}):(?P<service>[^:]*):(?P<region>[^:]*):(?P<account>[^:]*):(?P<rest>.*)"
)


@dataclass(frozen=True, order=True)
class Grant:
    """One action on one resource pattern. `to` is whom a resource's policy names, and empty for a role's own grant."""

    holder: str
    action: str
    resource: str
    condition: str = ""
    to: str = ""

    def __str__(self) -> str:
        return " ".join(
            [
                f"{self.action} on {self.resource}",
                *([f"if {self.condition}"] if self.condition else []),
                *([f"to {self.to}"] if self.to else []),
            ]
        )


@dataclass(frozen=True)
class GrantPlace:
    """Where a grant stands: a statement of the policy of a resource of the template, and which action and resource."""

    logical_id: str
    statement: int
    action: int
    resource: int


def grants(template: Json) -> Iterator[tuple[GrantPlace, Grant]]:
    """All grants of a template, in its order."""
    resources: Json = template["Resources"]
    for logical_id, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Policy":
            for role in properties["Roles"]:
                holder = path_of(resources, role["Ref"])
                yield from _of_document(resources, logical_id, holder, properties["PolicyDocument"])
        elif resource["Type"] in RESOURCE_POLICIES:
            document = properties[RESOURCE_POLICIES[resource["Type"]][0]]
            yield from _of_document(resources, logical_id, path_of(resources, logical_id), document)
        elif resource["Type"] == "AWS::Lambda::Permission":
            grant = Grant(
                path_of(resources, logical_id),
                properties["Action"],
                symbolic(resources, properties["FunctionName"]),
                f"aws:SourceArn={symbolic(resources, properties['SourceArn'])}",
                properties["Principal"],
            )
            yield GrantPlace(logical_id, 0, 0, 0), grant


def _of_document(resources: Json, logical_id: str, holder: str, document: Json) -> Iterator[tuple[GrantPlace, Grant]]:
    for number, statement in enumerate(document["Statement"]):
        if statement["Effect"] != "Allow":
            continue
        to = _principal(resources, statement.get("Principal", ""))
        condition = _condition(resources, statement.get("Condition", {}))
        for action_number, action in enumerate(listed(statement["Action"])):
            for resource_number, resource in enumerate(listed(statement["Resource"])):
                place = GrantPlace(logical_id, number, action_number, resource_number)
                yield place, Grant(holder, action, symbolic(resources, resource), condition, to)


def _principal(resources: Json, principal: Any) -> str:
    if isinstance(principal, Mapping):
        [named] = principal.values()
        return ", ".join(symbolic(resources, each) for each in listed(named))
    return str(principal)


def _condition(resources: Json, condition: Json) -> str:
    return " and ".join(
        f"{key}={'|'.join(symbolic(resources, each) for each in listed(value))}"
        for keys in condition.values()
        for key, value in keys.items()
    )


def path_of(resources: Json, logical_id: str) -> str:
    """The construct path of a resource within its stack."""
    path = str(resources[logical_id].get("Metadata", {}).get("aws:cdk:path", f"/{logical_id}"))
    return path.partition("/")[2].removesuffix("/Resource")


def symbolic(resources: Json, value: Any) -> str:
    """A resource as the template names it, without this environment's partition, Region and account."""
    text = _text(resources, value)
    if found := _ARN.fullmatch(text):
        # A Region that is open is part of what is allowed.
        region = "*:" if found["region"] == "*" else ""
        return f"{found['service']}:{region}{found['rest']}"
    return text


def _text(resources: Json, value: Any) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_text(resources, part) for part in parts)
        case {"Ref": "AWS::AccountId"}:
            return "${account}"
        case {"Ref": str() as name}:
            return f"${{{path_of(resources, name) if name in resources else name}}}"
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"${{{path_of(resources, name)}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{path_of(resources, name)}.{attribute}}}"
        case {"Fn::GetStackOutput": {"OutputName": name}}:
            return f"${{{name}}}"
    raise ValueError(f"A grant's resource is no text, reference or join of them: {value}")


def listed(value: Any) -> list[Any]:
    """IAM writes a list of one as the one."""
    return value if isinstance(value, list) else [value]
