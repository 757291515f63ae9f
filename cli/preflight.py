"""`fine-tune preflight`: a run's checks on the caller's account, before anything is deployed or uploaded.

The same checks as in a run, by the same code. What needs stacks is skipped where there are none; a data set is
checked on this machine first, and gives hyperparameters and the estimate.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from botocore.exceptions import ClientError
from rich.table import Table
from rich.text import Text

from cli.account import Account, account_of
from cli.data_set import files_of, settings_of
from cli.documents import taken_documents
from cli.folders import PREFLIGHT, PREFLIGHT_FOLDER
from cli.plan_table import tell_plan
from cli.settings import settings_here
from cli.stack_outputs import outputs_of
from cli.validate import Opener, choose, validate
from lambdas.domain.core.run import Run, RunSource
from lambdas.domain.core.timestamps import now
from lambdas.domain.cost.estimate import amount, most_text, unconfirmed_text
from lambdas.domain.evaluation.arms import plan_arms
from lambdas.domain.evaluation.gate import GateSettings
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.checks import PreflightDocument, document
from lambdas.domain.preflight.concurrency import WantedConcurrency
from lambdas.domain.preflight.settings import settings_findings
from lambdas.domain.preflight.subject import EnvironmentResources, RunNeeds, Subject, Topics, needs_of
from lambdas.domain.preflight.time_limit import RunTime
from lambdas.domain.settings import run_settings
from lambdas.domain.settings.curated import plan_curation
from lambdas.domain.settings.run_limits import RunLimits
from lambdas.domain.settings.run_settings import Choices
from lambdas.domain.training.network import JobNetwork
from lambdas.steps.data_gate import CheckedDataset
from lambdas.steps.planning import chosen_serving, cost_cap, make_plan
from lambdas.steps.preflight_checks import make_checks
from local.output_folder import replaced
from local.terminal import Console
from stacks.settings import Settings

STYLES = {"passed": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}
# Runs have their objects under runs/<id>/: policies are asked about those of one that does not exist.
_PREFIX = "runs/preflight/"
_NO_RUN = Run(
    id="preflight",
    execution_arn="",
    source=RunSource(bucket="", key="", version_id=None),
    output_bucket="",
    prefix=_PREFIX,
    claimed_at="",
)
# The pipeline stack's output with the role that starts jobs.
_STARTER = "StartJobsRoleArn"


class NotCheckedError(Exception):
    """The data set or its run.json is refused by the data gate; the message says why."""


class _StacksUnknown(Exception):  # noqa: N818 - no error: what depends on them is skipped
    """CloudFormation does not tell whether there are stacks; the message says why."""


def check_account(
    data: Path | None,
    *,
    model: str | None,
    region: str,
    opener: Opener,
    settings: Settings | None = None,
    account: Account | None = None,
) -> PreflightDocument:
    """The content of `preflight.json`, for an environment with cdk.json's settings or these.

    Raises NoAccountError, NotCheckedError, NoDataSetError, and UnknownBaseModelError where `model` is none.
    """
    settings = settings or settings_here()
    choices, found = choose(
        settings_of(data) if data else None, base_model=model, default=settings.base_model, limits=_limits(settings)
    )
    if found:
        raise NotCheckedError("\n".join(f"run.json{each.pointer}: {each.message}" for each in found))
    checked = _checked(data, choices, opener) if data else None
    if checked is not None and not checked.document.accepted:
        raise NotCheckedError("The data gate refuses the data set: `fine-tune validate` tells why.")
    account = account or account_of(region)
    plan = plan_of(checked, settings) if checked else None
    subject = Subject(
        needs=needs_of(plan) if plan else _needs(choices, settings),
        plan=plan,
        resources=None,
        names=None,
        model_unit_price_per_hour=settings.model_unit_price_per_hour,
        accept_unknown_prices=settings.accept_unknown_prices,
        serves_champion=settings.serve_champion is not None,
        concurrency=WantedConcurrency(
            settings.max_concurrency, settings.max_throughputs, settings.reconciler_reserved_concurrency
        ),
        time=RunTime(
            settings.longest_run_hours,
            settings.longest_lease_hours,
            settings.approval_hours,
            settings.longest_batch_hours,
        ),
        network=_network(settings),
    )
    try:
        subject = replace(subject, resources=_resources(account, settings.deployment))
    except _StacksUnknown as reason:
        subject = replace(subject, no_stacks=str(reason))
    checks, estimate = make_checks(subject, account.adapters)
    return document(checks, now(), estimate)


def _checked(data: Path, choices: Choices, opener: Opener) -> CheckedDataset:
    return validate(files_of(data), choices, (), opener=opener, documents=taken_documents(data, choices))


def save(result: PreflightDocument, folder: Path = PREFLIGHT_FOLDER) -> Path:
    """Writes `preflight.json`."""
    with replaced(folder, PREFLIGHT) as partial:
        (partial / "preflight.json").write_text(f"{result.model_dump_json(indent=2)}\n")
    return folder / "preflight.json"


def tell(console: Console, result: PreflightDocument) -> None:
    """A table of the checks, what to do about each finding, and a table of the plan."""
    table = Table("check", "status", "what was found")
    for each in result.checks:
        table.add_row(each.check, Text(each.status, STYLES[each.status]), each.message)
    console.print(table)
    for finding in result.findings:
        codes = "".join(f" ({code})" for code in (finding.quota_code, finding.successor) if code)
        text = f"{finding.check}: {finding.remedy}{codes}"
        console.print(text, style=STYLES["failed" if finding.severity == "error" else "warning"])
    if result.estimate:
        tell_plan(console, result.estimate)
        known, unknown = f"{amount(result.estimate.known_usd)} USD", result.estimate.unknown
        text = f"unknown, no price for {'; '.join(unknown)}. The rest: {known}" if unknown else known
        text = f"{text}{most_text(result.estimate)}"
        console.write_line(f"Estimated cost: {text}. {unconfirmed_text(result.estimate)}".rstrip())
    console.print(f"Preflight {result.status}.", style="bold green" if result.status == "passed" else "bold red")


def _limits(settings: Settings) -> RunLimits:
    """What the environment lets a run choose."""
    gate = GateSettings.model_validate(settings.gate.model_dump(exclude_unset=True))
    return RunLimits(
        settings.max_model_units,
        gate,
        settings.allowed_models,
        settings.max_run_cost_usd,
        settings.max_sweep_jobs,
        settings.max_concurrency,
    )


def _network(settings: Settings) -> JobNetwork | None:
    """Where jobs run; None where that is not a VPC of the account."""
    if not settings.vpc_subnet_ids:
        return None
    return JobNetwork(settings.vpc_subnet_ids, settings.vpc_security_group_ids)


def _resources(account: Account, name: str) -> EnvironmentResources | None:
    """What the environment's stacks have; None where the data stack does not exist."""
    data, pipeline = (_outputs(account, f"{name}-{part}") for part in ("data", "pipeline"))
    if data is None or "CustomizationRoleArn" not in data:
        return None
    return EnvironmentResources(
        input_bucket=data["InputBucket"],
        output_bucket=data["OutputBucket"],
        prefix=_PREFIX,
        role_arn=data["CustomizationRoleArn"],
        starter_role_arn=(pipeline or {}).get(_STARTER),
        key_arn=data.get("KeyArn"),
        topics=_topics(pipeline or {}),
    )


def _topics(outputs: Mapping[str, str]) -> Topics | None:
    """The pipeline stack's topics; None where it does not exist."""
    results, alarms = outputs.get("ResultTopic"), outputs.get("AlarmTopic")
    return Topics(results, alarms) if results and alarms else None


def _outputs(account: Account, stack: str) -> dict[str, str] | None:
    try:
        return outputs_of(account.client("cloudformation"), stack)
    except ClientError as error:
        raise _StacksUnknown(f"The stack {stack} cannot be read: {error}") from error


def _needs(choices: Choices, settings: Settings) -> RunNeeds:
    """What a run needs whose data set is not known yet: as much as run.json alone decides."""
    return RunNeeds(
        base_model=choices.model.customization_id,
        serving=chosen_serving(choices),
        model_units=choices.settings.model_units,
        jobs=1,
        arms=plan_arms(run_settings.compared_models(choices), 0),
        judges=choices.settings.evaluation.judges,
        max_cost_usd=cost_cap(choices, _limits(settings)),
        settings_findings=settings_findings(choices, None, most_jobs=settings.max_sweep_jobs),
        needs_approval=settings.approval_hours is not None,
        custom_model=choices.settings.custom_model,
        curation=plan_curation(choices.settings),
    )


def plan_of(checked: CheckedDataset, settings: Settings) -> Plan | None:
    """The plan of a run on the data set; None where the data gate refuses it."""
    if checked.prepared is None:
        return None
    return make_plan(
        _NO_RUN,
        checked,
        checked.prepared,
        _limits(settings),
        environment=settings.deployment,
        needs_approval=settings.approval_hours is not None,
    )
