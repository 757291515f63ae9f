"""The part of the account's Lambda concurrency that `make deploy` reserves for the reconciler where it can."""

from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from cli.account import Account
from cli.stack_outputs import outputs_of
from cli.target import RequestedEnvironment
from lambdas.adapters.aws.service_errors import NotFound, Refused, named_errors
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.preflight.concurrency import LEAST_UNRESERVED, RECOMMENDED_RESERVATION

SETTING = "reconciler_reserved_concurrency"


def with_reservation(target: RequestedEnvironment, account: Account) -> tuple[RequestedEnvironment, str | None]:
    """The environment with a reservation where the account can spare one and cdk.json sets none; what is told of it."""
    if target.settings.reconciler_reserved_concurrency is not None:
        return target, None
    try:
        unreserved = account.adapters.lambda_account.concurrency().unreserved
        # A second deployment comes to the same as the first: what is reserved for the reconciler already is its own.
        spare = unreserved + _reserved(target, account)
    except (ClientError, Refused, ServiceBusy) as error:
        return (
            target,
            f"No concurrency is reserved for the reconciler, since the account does not tell its own: {error}",
        )
    if spare - RECOMMENDED_RESERVATION < LEAST_UNRESERVED:
        return target, None
    given = {**target.given, SETTING: str(RECOMMENDED_RESERVATION)}
    said = f"{RECOMMENDED_RESERVATION} of the account's Lambda concurrency are reserved for the reconciler ({SETTING})."
    return replace(target, given=given), said


def _reserved(target: RequestedEnvironment, account: Account) -> int:
    """What the deployed reconciler has reserved; 0 where there is none."""
    outputs = outputs_of(account.client("cloudformation"), f"{target.settings.deployment}-pipeline") or {}
    name = outputs.get("ReconcilerFunction")
    if name is None:
        return 0
    functions: Any = account.client("lambda")
    try:
        with named_errors("GetFunctionConcurrency"):
            found = functions.get_function_concurrency(FunctionName=name)
    except NotFound:
        return 0
    return int(found.get("ReservedConcurrentExecutions", 0))
