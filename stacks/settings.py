"""The environment's settings, from the context in `cdk.json` or the command line.

They stand in `cdk.json` under `context."fine-tuning"`; `-c fine-tuning:<name>=<value>` overrides one for one command
(a mapping as JSON: `-c 'fine-tuning:tags={"team": "search"}'`). What they mean is told in `docs/operations.md`.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo

from stacks.context_keys import closest, misspelt

CONTEXT_KEY = "fine-tuning"
# The catalogue that the functions go by, read as data: an id that they do not know would fail each run.
CATALOGUE = Path(__file__).resolve().parent.parent / "lambdas" / "domain" / "models"
_ENTRIES: list[dict[str, Any]] = [json.loads(file.read_text()) for file in sorted(CATALOGUE.glob("*.json"))]
REGIONS_BY_MODEL: Mapping[str, list[str]] = {
    entry["customization_id"]: entry["customization_regions"] for entry in _ENTRIES
}
SERVED_ON_DEMAND = frozenset(entry["customization_id"] for entry in _ENTRIES if "on_demand" in entry["serving"])

# Lambda's Python runtimes that this code runs on, and the day from which AWS makes no new function of each.
RUNTIMES: Mapping[str, str] = json.loads((Path(__file__).parent / "lambda_runtimes.json").read_text())[
    "no_new_functions_from"
]
# The tag by which the environment knows what is its own.
OWN_TAG = "deployment"

# What CloudWatch Logs accepts ("PutRetentionPolicy", API reference).
LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
# It begins the name of a parameter, which Systems Manager refuses with these ("PutParameter", API reference).
NAME = r"^(?!(?i:aws|ssm))[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*\Z"
REGION = r"^[a-z]{2}(-[a-z]+)+-[1-9]\Z"
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z"
TAG_KEY = r"^(?!aws:)[\w.:/=+@ -]{1,128}\Z"
TAG_VALUE = r"^[\w.:/=+@ -]{0,256}\Z"


GateMetric = Literal[
    "primary",
    "f1",
    "exact_match",
    "rouge_l",
    "numeric_match",
    "mixed_match",
    "code_match",
    "choice_match",
    "label_match",
    "macro_f1",
    "json_fields",
    "call_match",
    "call_name",
    "call_arguments",
    "json_match",
    "schema_match",
    "win_rate",
]
MODEL_ID = r"^([a-zA-Z0-9][a-zA-Z0-9.:_-]{0,255}|\*)\Z"
_LONGEST_MODEL_LIST = 1_500

# A wait of ten minutes at a time is what an execution's history of 25,000 events holds for so many hours
# (tests/state_machines/test_history_budget.py).
MOST_RUN_HOURS = 240


def _number(value: object) -> object:
    """The command line has texts only; a Literal of numbers does not convert them itself."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _nothing(value: object) -> object:
    """The command line's way to say null."""
    return None if value in ("", "null") else value


def _mapping(value: object) -> object:
    """The command line gives a mapping as JSON."""
    return json.loads(value) if isinstance(value, str) else value


def _customizable(value: str) -> str:
    """Only what the catalogue knows; a base model's ARN is as good as its id."""
    value = re.sub(r"^arn:aws[a-z-]*:bedrock:[a-z0-9-]*::foundation-model/", "", value)
    if value not in REGIONS_BY_MODEL:
        raise ValueError("not in the catalogue")
    return value


def _creatable(value: str, given: ValidationInfo) -> str:
    """Only what Lambda still makes functions of; on this machine's own interpreter an emulator runs anything."""
    if given.data.get("layer_platform") == "host" and re.fullmatch(r"python3\.\d+", value):
        return value
    if value not in RUNTIMES or RUNTIMES[value] <= datetime.now(UTC).date().isoformat():
        raise ValueError("not available")
    return value


def _differ_in_more_than_case(tags: dict[str, str]) -> dict[str, str]:
    """IAM knows no case in the names of a role's tags, and every resource has the tag `deployment`."""
    names = [name.lower() for name in tags]
    if OWN_TAG in names or len(set(names)) < len(names):
        raise ValueError("the same name")
    return tags


def _listed(value: object) -> object:
    """The command line gives a list as JSON, `["a", "b"]`."""
    value = _nothing(value)
    return json.loads(value) if isinstance(value, str) else value


def _ids(value: object) -> object:
    """The command line gives a list as JSON; null is none."""
    listed = _listed(value)
    return () if listed is None else listed


def _fits_a_variable(value: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """A function's variables have 4 KB together."""
    if value is not None and sum(len(model_id) + 4 for model_id in value) > _LONGEST_MODEL_LIST:
        raise ValueError("too long")
    return value


def _true(value: bool) -> bool:
    """A gain whose interval includes zero may be chance."""
    if not value:
        raise ValueError("interval_must_exclude_zero can only be true")
    return value


class Gate(BaseModel):
    """What a run's gate must ask for at least: run.json's `evaluation.gate`, of which every key may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: GateMetric = "primary"
    form_counts: bool = False
    smallest_gain: float = Field(default=0.0, ge=0, le=100)
    interval_must_exclude_zero: Annotated[bool, AfterValidator(_true)] = Field(
        default=True, json_schema_extra={"const": True}
    )
    max_token_increase_percent: float | None = Field(default=None, ge=-100)
    max_latency_increase_percent: float | None = Field(default=None, ge=-100)


class SettingsError(ValueError):
    """A setting is unknown or has a value that is not allowed; the message names each of them."""


class Settings(BaseModel):
    """One environment. The descriptions of the fields are what a refusal tells."""

    model_config = ConfigDict(extra="forbid", frozen=True, regex_engine="python-re")

    deployment: Annotated[str, Field(max_length=20, pattern=NAME)] = Field(
        "fine-tuning",
        description="at most 20 letters, digits and single hyphens between them, a letter first, not aws or ssm first",
    )
    region: Annotated[str, Field(pattern=REGION)] = Field("us-east-1", description="an AWS Region, such as us-east-1")
    base_model: Annotated[str, AfterValidator(_customizable)] = Field(
        "amazon.nova-lite-v1:0:300k",
        description=f"the id of a model that can be customized: {', '.join(REGIONS_BY_MODEL)}",
    )
    customer_managed_key: bool = Field(False, description="true or false")
    notification_email: Annotated[str | None, Field(pattern=EMAIL), BeforeValidator(_nothing)] = Field(
        None, description="an email address or null"
    )
    max_concurrency: Annotated[int, Field(ge=1, le=1000)] = Field(4, description="a whole number from 1 to 1000")
    reconciler_reserved_concurrency: Annotated[int | None, Field(ge=2, le=100), BeforeValidator(_nothing)] = Field(
        None, description="a whole number from 2 to 100, or null"
    )
    max_throughputs: Annotated[int, Field(ge=1, le=20)] = Field(1, description="a whole number from 1 to 20")
    max_model_units: Annotated[int, Field(ge=1, le=100)] = Field(1, description="a whole number from 1 to 100")
    longest_lease_hours: Annotated[int, Field(ge=2, le=72)] = Field(8, description="a whole number from 2 to 72")
    longest_run_hours: Annotated[int, Field(ge=1, le=MOST_RUN_HOURS)] = Field(
        168, description=f"a whole number from 1 to {MOST_RUN_HOURS}"
    )
    max_sweep_jobs: Annotated[int, Field(ge=1, le=12)] = Field(4, description="a whole number from 1 to 12")
    max_run_cost_usd: Annotated[float | None, Field(gt=0, allow_inf_nan=False), BeforeValidator(_nothing)] = Field(
        100.0, description="an amount in USD, or null"
    )
    accept_unknown_prices: bool = Field(False, description="true or false")
    max_runs_per_day: Annotated[int | None, Field(ge=1, le=1000), BeforeValidator(_nothing)] = Field(
        50, description="a whole number from 1 to 1000, or null"
    )
    gate: Annotated[Gate, BeforeValidator(_mapping)] = Field(
        Gate(), description=f"a mapping with any of {', '.join(Gate.model_fields)}"
    )
    allowed_models: Annotated[
        tuple[Annotated[str, Field(pattern=MODEL_ID)], ...] | None,
        AfterValidator(_fits_a_variable),
        BeforeValidator(_listed),
    ] = Field(
        None,
        description=f'a list of model ids with {_LONGEST_MODEL_LIST:,} characters together, ["*"] for any, or null',
    )
    stalled_job_told_hours: Annotated[int, Field(ge=1, le=MOST_RUN_HOURS)] = Field(
        6, description=f"a whole number from 1 to {MOST_RUN_HOURS}"
    )
    stalled_job_ended_hours: Annotated[int, Field(ge=1, le=MOST_RUN_HOURS)] = Field(
        48, description=f"a whole number from 1 to {MOST_RUN_HOURS}"
    )
    longest_batch_hours: Annotated[int, Field(ge=1, le=24)] = Field(6, description="a whole number from 1 to 24")
    approval_hours: Annotated[int | None, Field(ge=1, le=168), BeforeValidator(_nothing)] = Field(
        None, description="a whole number from 1 to 168, or null"
    )
    keep_models_days: Annotated[int | None, Field(ge=14, le=3650), BeforeValidator(_nothing)] = Field(
        None, description="a whole number from 14 to 3650, or null"
    )
    serve_champion: Annotated[Literal["on_demand"] | None, BeforeValidator(_nothing)] = Field(
        None, description='"on_demand" or null'
    )
    reconcile_minutes: Annotated[int, Field(ge=1, le=60)] = Field(10, description="a whole number from 1 to 60")
    model_unit_price_per_hour: Annotated[float | None, Field(gt=0), BeforeValidator(_nothing)] = Field(
        None, description="the price of a model unit without commitment in USD an hour, or null"
    )
    # Before the runtime, which depends on it.
    layer_platform: Literal["lambda", "host"] = Field(
        "lambda", description="lambda, or host where an emulator runs the functions on this machine"
    )
    lambda_runtime: Annotated[str, AfterValidator(_creatable)] = Field(
        "python3.13",
        description=", ".join(f"{name} (until {day})" for name, day in RUNTIMES.items()),
    )
    lambda_architecture: Literal["arm64", "x86_64"] = Field("arm64", description="arm64 or x86_64")
    log_retention_days: Annotated[LogRetentionDays, BeforeValidator(_number)] = Field(
        30, description="one of CloudWatch Logs' retention times in days: 1, 3, 5, 7, 14, 30, 60, 90, …, 3653"
    )
    keep_data: bool = Field(True, description="true or false")
    vpc_subnet_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-z]+\Z")], ...], Field(max_length=16), BeforeValidator(_ids)
    ] = Field((), description="a list of at most 16 ids of subnets, such as subnet-0123456789abcdef0")
    vpc_security_group_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-z]+\Z")], ...], Field(max_length=5), BeforeValidator(_ids)
    ] = Field((), description="a list of at most 5 ids of security groups, such as sg-0123456789abcdef0")
    tags: Annotated[
        dict[Annotated[str, Field(pattern=TAG_KEY)], Annotated[str, Field(pattern=TAG_VALUE)]],
        Field(max_length=40),
        BeforeValidator(_mapping),
        AfterValidator(_differ_in_more_than_case),
    ] = Field(
        {},
        description="a mapping of at most 40 tag names to texts; no name starts with aws:, is deployment, or differs "
        "from another in case only",
    )


def settings_from(context: Mapping[str, Any]) -> Settings:
    """The settings in an app's whole context; raises SettingsError that names every wrong or unknown one."""
    if mistakes := list(misspelt(context, CONTEXT_KEY, list(Settings.model_fields))):
        raise SettingsError("\n".join(mistakes))
    given = context.get(CONTEXT_KEY) or {}
    if not isinstance(given, Mapping):
        raise SettingsError(f'The context "{CONTEXT_KEY}" must be a mapping of settings, not {given!r}.')
    prefix = f"{CONTEXT_KEY}:"
    overrides = {name.removeprefix(prefix): value for name, value in context.items() if name.startswith(prefix)}
    try:
        settings = Settings.model_validate({**given, **overrides})
    except ValidationError as refusal:
        names = dict.fromkeys(str(error["loc"][0]) for error in refusal.errors())
        raise SettingsError("\n".join(_refusal(name, {**given, **overrides}) for name in names)) from None
    regions = REGIONS_BY_MODEL[settings.base_model]
    if settings.region not in regions:
        raise SettingsError(
            f'The settings "base_model" and "region" do not fit: {settings.base_model} can be customized in '
            f"{', '.join(regions)}, not in {settings.region}."
        )
    if settings.serve_champion is not None and settings.base_model not in SERVED_ON_DEMAND:
        raise SettingsError(
            f'The settings "base_model" and "serve_champion" do not fit: a tuned {settings.base_model} cannot be '
            f"served on demand. Set serve_champion to null, or tune one of {', '.join(sorted(SERVED_ON_DEMAND))}."
        )
    if settings.stalled_job_ended_hours <= settings.stalled_job_told_hours:
        raise SettingsError(
            'The settings "stalled_job_told_hours" and "stalled_job_ended_hours" do not fit: nobody could do anything '
            f"before the job is ended. Set stalled_job_ended_hours above {settings.stalled_job_told_hours}."
        )
    if bool(settings.vpc_subnet_ids) != bool(settings.vpc_security_group_ids):
        raise SettingsError(
            'The settings "vpc_subnet_ids" and "vpc_security_group_ids" go together: a job that runs in a VPC has at '
            "least one of each."
        )
    if settings.approval_hours is not None and settings.approval_hours >= settings.longest_run_hours:
        raise SettingsError(
            'The settings "approval_hours" and "longest_run_hours" do not fit: a run that waits '
            f"{settings.approval_hours} hours for its approval would time out first. Set approval_hours below "
            f"{settings.longest_run_hours}."
        )
    return settings


def _refusal(name: str, given: Mapping[str, Any]) -> str:
    field = Settings.model_fields.get(name)
    if field is None:
        meant = closest(name, list(Settings.model_fields))
        hint = f' Did you mean "{meant}"?' if meant else ""
        return f'There is no setting "{name}".{hint} The settings are: {", ".join(Settings.model_fields)}.'
    return f'The setting "{name}" cannot be {given[name]!r}. Allowed: {field.description}.'
