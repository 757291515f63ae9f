"""What IAM checks of a boto3 call: the actions, the resources they are on, and the condition keys of the request.

An operation that is not in a table here is an error that names it: nothing passes unseen. Sources: "Actions, resources,
and condition keys for AWS services" in the Service Authorization Reference, and each service's own guide.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.permissions.request import AccessRequest, ContextValue, Origin, role_name

Parameters = Mapping[str, Any]


class UnknownCallError(Exception):
    """Nobody has told which permissions an operation needs."""


@dataclass(frozen=True)
class AwsCall:
    """A boto3 call: the client's service, the operation, and the parameters as the caller gave them."""

    service: str
    operation: str
    parameters: Parameters
    region: str
    account: str

    def text(self, name: str) -> str:
        """A parameter of type string; empty where it is not given."""
        return str(self.parameters.get(name) or "")

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """An ARN of a service, by default in the caller's Region and account."""
        region = self.region if region is None else region
        return f"arn:aws:{service}:{region}:{self.account if account is None else account}:{resource}"


@dataclass(frozen=True)
class Needed:
    """One action that a call needs; every one of the resources must be allowed."""

    action: str
    resources: tuple[str, ...]
    context: Mapping[str, ContextValue] = field(default_factory=dict)


@dataclass(frozen=True)
class TaggedResource:
    """A resource of Bedrock, as IAM sees it: `key` is the customer's key that its model is encrypted with."""

    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None


class AccountState(Protocol):
    """What the needs of a call depend on, as it is at that moment."""

    def bedrock_resource(self, kind: str, identifier: str) -> TaggedResource | None:
        """The resource of a kind, such as `custom-model`, that a name, an id or an ARN names."""

    def bucket_key(self, bucket: str) -> str | None:
        """The ARN of the customer's key that the bucket encrypts new objects with."""

    def key_arn(self, key: str) -> str | None:
        """The ARN of a key by its id or ARN."""

    def topic_key(self, topic: str) -> str | None:
        """The ARN of the key that a topic encrypts its messages with."""

    def role_arn(self, name: str) -> str | None:
        """The ARN of a role by its name."""

    def object_exists(self, bucket: str, key: str, version: str) -> bool:
        """Whether there is such an object, in the named version where one is named."""


Needs = Callable[[AwsCall, AccountState], Iterator[Needed]]


def access_requests(
    call: AwsCall, principal_arn: str, account: AccountState, origin: Origin = "function"
) -> list[AccessRequest]:
    """What IAM decides before the service does anything. Raises UnknownCallError."""
    from local.permissions import bedrock_calls, s3_calls, service_calls  # noqa: PLC0415 - they use what is here

    tables = {"s3": s3_calls.NEEDS, "bedrock": bedrock_calls.CONTROL, "bedrock-runtime": bedrock_calls.INFERENCE}
    needs = tables.get(call.service, service_calls.NEEDS.get(call.service, {})).get(call.operation)
    if needs is None:
        raise UnknownCallError(
            f"Which permissions {call.service}'s {call.operation} needs is not known: add it to local/permissions."
        )
    always = _of_every_request(call, principal_arn)
    return [
        AccessRequest(principal_arn, each.action, each.resources, {**always, **each.context}, origin)
        for each in needs(call, account)
    ]


def simple(action: str, *resources: str) -> Needs:
    """One action, on the resources that are given, or on none in particular."""

    def needs(_call: AwsCall, _account: AccountState) -> Iterator[Needed]:
        yield Needed(action, resources or ("*",))

    return needs


def nothing(_call: AwsCall, _account: AccountState) -> Iterator[Needed]:
    """A call that needs no permission."""
    return iter(())


def key_use(key: str | None, service: str, call: AwsCall, *actions: str, **context: ContextValue) -> Iterator[Needed]:
    """What a service does with a customer's key in the caller's name."""
    via: dict[str, ContextValue] = {
        "kms:ViaService": f"{service}.{call.region}.amazonaws.com",
        "kms:CallerAccount": call.account,
    }
    for action in actions if key else ():
        yield Needed(f"kms:{action}", (str(key),), {**via, **context})


def _of_every_request(call: AwsCall, principal_arn: str) -> dict[str, ContextValue]:
    """Calls to AWS go over TLS 1.2 or later, whatever the way to the embedded AWS."""
    context: dict[str, ContextValue] = {
        "aws:SecureTransport": "true",
        "aws:RequestedRegion": call.region,
        "aws:PrincipalAccount": call.account,
        "aws:PrincipalArn": principal_arn,
    }
    if name := role_name(principal_arn):
        context["aws:PrincipalArn"] = f"arn:aws:iam::{call.account}:role/{name}"
    if call.service == "s3":
        context["s3:TlsVersion"] = "1.2"
    return context
