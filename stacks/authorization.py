"""Policies against the Service Authorization Reference; `local/authorization.py` is the command.

IAM takes a misspelt action, a resource that the action does not know, and a condition key that no request has, and
then never allows what the statement is for. cdk-nag and cfn-lint do not look for these.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from stacks.authorization_data import ServiceAction, UnknownActionError, actions_named
from stacks.template_values import Template, TemplateValues, UnknownValueError

# Keys that IAM has in any request, whatever the action; those about tags are checked by action instead.
GLOBAL_KEYS = ("aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn")
ONE_PERMISSION = "AWS::Lambda::Permission"


class KnownDifference(NamedTuple):
    """Where the reference is known to be wrong: an action with a resource type or a condition key, and why."""

    action: str
    what: str
    reason: str


KNOWN_DIFFERENCES: tuple[KnownDifference, ...] = (
    KnownDifference(
        "bedrock:CreateModelCustomizationJob",
        "model-customization-job",
        "CDK's own grant and AWS's examples name the job; the reference lists the models alone. Where it is not "
        "looked at, the grant allows nothing more.",
    ),
    KnownDifference(
        "bedrock:CreateModelInvocationJob",
        "inference-profile",
        "Most models take batch jobs through a profile alone, and AWS's guide to batch inference names it.",
    ),
)


@dataclass(frozen=True)
class Policy:
    """Whose policy it is, and its statements with all values as text."""

    owner: str
    statements: list[dict[str, Any]]


def findings(name: str, template: Template, beside: Mapping[str, Template]) -> Iterator[str]:
    """A sentence for each part of a template's policies that AWS would never match."""
    values = TemplateValues(template, beside)
    for policy in _policies(template):
        for number, statement in enumerate(policy.statements, 1):
            place = f"{name}: {policy.owner}, statement {statement.get('Sid', number)}: "
            yield from (place + each for each in _of_statement(statement, values))


def request_findings(action: str, resources: Sequence[str], keys: Sequence[str]) -> Iterator[str]:
    """A sentence for each thing in a request, or in a statement's, that AWS would never match."""
    try:
        actions = list(actions_named(action))
    except UnknownActionError:
        yield f"{action} is no action of AWS."
        return
    for resource in resources:
        if not any(_takes(each, resource) for each in actions):
            yield f"{action} does not take {resource}; it takes {_taken(actions)}."
            continue
        for key in keys:
            if not any(_has_key(each, resource, key) for each in actions):
                yield f"no request for {action} on {resource} has the condition key {key}."


def _policies(template: Template) -> Iterator[Policy]:
    resources = template["Resources"]
    for logical_id, resource in resources.items():
        properties = resource.get("Properties", {})
        owner = f"{resource['Type']} {_path(logical_id, resource)}"
        if roles := [each["Ref"] for each in properties.get("Roles", []) if "Ref" in each]:
            owner = "role " + ", ".join(_path(role, resources[role]) for role in roles)
        if resource["Type"] == ONE_PERMISSION:
            yield Policy(owner, [{"Action": properties["Action"], "Resource": properties["FunctionName"]}])
        for statements in _statements(properties):
            yield Policy(owner, statements)


def _statements(value: Any) -> Iterator[list[dict[str, Any]]]:
    """The statements of every policy document in a resource, wherever its type keeps it."""
    match value:
        case {"Statement": statements}:
            yield _listed(statements)
        case dict():
            for each in value.values():
                yield from _statements(each)
        case list():
            for each in value:
                yield from _statements(each)


def _path(logical_id: str, resource: Mapping[str, Any]) -> str:
    path = str(resource.get("Metadata", {}).get("aws:cdk:path", logical_id))
    return path.partition("/")[2].removesuffix("/Resource") or path


def _of_statement(statement: Mapping[str, Any], values: TemplateValues) -> Iterator[str]:
    if inverted := [key for key in ("NotAction", "NotResource") if key in statement]:
        yield f"{inverted[0]} cannot be checked. Name what the statement is about instead."
        return
    try:
        # A trust policy is about the role that has it.
        resources = [values.text(each) for each in _listed(statement.get("Resource", "*"))]
    except UnknownValueError as unknown:
        yield str(unknown)
        return
    keys = [key for conditions in statement.get("Condition", {}).values() for key in conditions]
    for action in _listed(statement["Action"]):
        yield from request_findings(action, resources, keys)


def _takes(action: ServiceAction, resource: str) -> bool:
    return bool(action.types_of(resource)) or any(
        f":{each.what}/" in resource for each in _differences(action) if each.what not in action.resource_types
    )


def _has_key(action: ServiceAction, resource: str, key: str) -> bool:
    if key.lower() in {each.lower() for each in (*GLOBAL_KEYS, *(each.what for each in _differences(action)))}:
        return True
    return any(action.takes_key(key, each) for each in action.types_of(resource))


def _differences(action: ServiceAction) -> Iterator[KnownDifference]:
    return (each for each in KNOWN_DIFFERENCES if each.action == action.name)


def _taken(actions: Iterable[ServiceAction]) -> str:
    types = sorted({each for action in actions for each in action.resource_types})
    return f"* and {', '.join(types)}" if types else "nothing but *"


def _listed(value: Any) -> list[Any]:
    """IAM writes a list of one as the one."""
    return value if isinstance(value, list) else [value]
