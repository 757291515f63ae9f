"""The run that a person has named: found in its environment, or told what was meant instead."""

from cli.environment import Environment
from cli.execution import NoExecutionError, find_execution
from lambdas.domain.core.did_you_mean import did_you_mean
from lambdas.domain.core.run import is_run_id


class UnknownRunError(Exception):
    """The environment has no such run; the message says what may be meant."""


def run_ids(environment: Environment) -> list[str]:
    """All runs of the environment, by their folders in the output bucket."""
    pages = environment.adapters.clients.s3.get_paginator("list_objects_v2").paginate(
        Bucket=environment.output_bucket, Prefix="runs/", Delimiter="/"
    )
    prefixes = (str(one["Prefix"]) for page in pages for one in page.get("CommonPrefixes", []))
    return [prefix.removeprefix("runs/").removesuffix("/") for prefix in prefixes]


def execution_of(environment: Environment, run_id: str) -> str:
    """The ARN of the execution that has the run. Raises UnknownRunError."""
    if not is_run_id(run_id):
        raise UnknownRunError(f"{run_id!r} is no run's id, such as sales-0123456789ab.{_hint(environment, run_id)}")
    try:
        return find_execution(environment, run_id, seconds=0)
    except NoExecutionError as error:
        if run_id in run_ids(environment):
            raise UnknownRunError(str(error)) from None
        raise UnknownRunError(
            f"The environment {environment.name} has no run {run_id}.{_hint(environment, run_id)}"
        ) from None


def _hint(environment: Environment, run_id: str) -> str:
    return f"{did_you_mean(run_id, run_ids(environment))} `{environment.command('runs')}` lists all runs."
