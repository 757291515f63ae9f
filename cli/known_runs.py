"""The run that a person has named: found in its environment, or told what was meant instead."""

from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from cli.environment import Environment
from cli.execution import NoExecutionError, find_execution
from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.did_you_mean import closest
from lambdas.domain.core.run import is_run_id


class UnknownRunError(Exception):
    """The environment has no such run; the message says what may be meant."""


def run_ids(environment: Environment) -> list[str]:
    """All runs of the environment, by their folders in the output bucket."""
    return _run_ids(environment.adapters, environment.output_bucket)


def require_run_id(environment: Environment, run_id: str) -> None:
    """Raises UnknownRunError where the word is no run's id."""
    if not is_run_id(run_id):
        raise UnknownRunError(f"{run_id!r} is no run's id, such as sales-0123456789ab.{_hint(environment, run_id)}")


def execution_of(environment: Environment, run_id: str) -> str:
    """The ARN of the execution that has the run. Raises UnknownRunError."""
    require_run_id(environment, run_id)
    try:
        return find_execution(environment, run_id, seconds=0)
    except NoExecutionError as error:
        raise unknown_run(environment, run_id, error) from None


def unknown_run(environment: Environment, run_id: str, error: NoExecutionError) -> UnknownRunError:
    """What to tell of a run that no execution has: there is none, or its claim cannot be read."""
    if run_id in run_ids(environment):
        return UnknownRunError(str(error))
    return UnknownRunError(f"The environment {environment.name} has no run {run_id}.{_hint(environment, run_id)}")


def meant_run(adapters: Adapters, output_bucket: str, wrong: str) -> str:
    """` Did you mean …?`, with a space before it; empty where no run's id is close, or the caller may not list them."""
    try:
        meant = _meant(wrong, _run_ids(adapters, output_bucket))
    except (BotoCoreError, ClientError):
        return ""
    return f" Did you mean {meant}?" if meant else ""


def _meant(wrong: str, right: Sequence[str]) -> str | None:
    """The id that is close, or the only one that has the word in it: its data set's name, or its digits."""
    containing = [run_id for run_id in right if wrong and wrong.casefold() in run_id]
    return containing[0] if len(containing) == 1 else closest(wrong, right)


def _run_ids(adapters: Adapters, output_bucket: str) -> list[str]:
    pages = adapters.clients.s3.get_paginator("list_objects_v2").paginate(
        Bucket=output_bucket, Prefix="runs/", Delimiter="/"
    )
    prefixes = (str(one["Prefix"]) for page in pages for one in page.get("CommonPrefixes", []))
    return [prefix.removeprefix("runs/").removesuffix("/") for prefix in prefixes]


def _hint(environment: Environment, run_id: str) -> str:
    meant = meant_run(environment.adapters, environment.output_bucket, run_id)
    return f"{meant} `{environment.command('runs')}` lists all runs."
