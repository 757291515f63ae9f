"""One Lambda function per Task state, and any other: the handler of its name, and a role of its own."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.code import acknowledge_runtime, architecture, dependencies_layer, pipeline_code, runtime
from stacks.data_stack import Data
from stacks.definition import seconds_to_serve
from stacks.lambda_role import lambda_role
from stacks.log_groups import log_group
from stacks.notifications import Notifications
from stacks.permissions import permissions_by_state, preflight_of
from stacks.settings import Settings

# They read gigabytes within their 900 s. With 1,769 MB a function has a whole processor; a new account allows 3,008 MB.
# They store nothing in /tmp.
LARGE = frozenset(
    {"ValidateDataset", "CurateTrainingSet", "AskBaselinesInBatch", "CollectAnswers", "EvaluateAndReport"}
)
LARGE_MEGABYTES, MEGABYTES = 1769, 512
# It starts customization jobs, and passes the customization role to Bedrock.
STARTER = "StartJobs"
METRICS_NAMESPACE = "FineTuning"
# A function ends before its state's timeout, so that its own error is what the state machine sees; Lambda allows 900 s.
MARGIN_SECONDS = 5


class Functions(Construct):
    """`by_state` holds the functions by the names of their states."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        states: Mapping[str, Mapping[str, Any]],
        data: Data,
        notifications: Notifications,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._key = data.key
        self._code = pipeline_code()
        self._layer = dependencies_layer(self, "Dependencies", settings)
        self._environment = environment(data, settings)
        permissions = permissions_by_state(
            self,
            data,
            topic=notifications.topic,
            alarm_topic=notifications.alarm_topic,
            in_vpc=bool(settings.vpc_subnet_ids),
            deployment=settings.deployment,
        )
        self.by_state = {
            name: self.add(
                name,
                description=state["Comment"],
                timeout=cdk.Duration.seconds(seconds_to_serve(state) - MARGIN_SECONDS),
                statements=permissions[name],
                no_dead_letters="Step Functions waits for the answer, retries and catches: no event of an asynchronous "
                "invocation can get lost.",
            )
            for name, state in states.items()
        }
        self._let_preflight_ask(notifications)

    @property
    def starter(self) -> iam.IRole:
        """The role that starts customization jobs."""
        return cast(iam.IRole, self.by_state[STARTER].role)

    def _let_preflight_ask(self, notifications: Notifications) -> None:
        """Roles are made with their functions: what RunPreflight asks of the one that starts jobs is added last."""
        preflight = self.by_state["RunPreflight"]
        preflight.add_to_role_policy(preflight_of(self.starter))
        preflight.add_environment(f"{handler_module(STARTER).upper()}_ROLE_ARN", self.starter.role_arn)
        if self._settings.reconciler_reserved_concurrency is not None:
            reserved = str(self._settings.reconciler_reserved_concurrency)
            preflight.add_environment("RECONCILER_RESERVED_CONCURRENCY", reserved)
        if self._settings.serve_champion is not None:
            preflight.add_environment("SERVE_CHAMPION", self._settings.serve_champion)
        preflight.add_environment("TOPIC_ARN", notifications.topic.topic_arn)
        preflight.add_environment("ALARM_TOPIC_ARN", notifications.alarm_topic.topic_arn)

    def add(
        self,
        name: str,
        *,
        description: str,
        timeout: cdk.Duration,
        statements: list[iam.PolicyStatement],
        no_dead_letters: str,
        environment: Mapping[str, str] | None = None,
        reserved_concurrency: int | None = None,
    ) -> lambda_.Function:
        """A function on the handler of its name; `no_dead_letters` says why it needs no dead-letter queue."""
        logs = log_group(self, f"{name}Logs", self._settings, key=self._key)
        function = lambda_.Function(
            self,
            name,
            description=description[:256],
            code=self._code,
            handler=f"lambdas.handlers.{handler_module(name)}.handler",
            runtime=runtime(self._settings),
            architecture=architecture(self._settings),
            layers=[self._layer],
            memory_size=LARGE_MEGABYTES if name in LARGE else MEGABYTES,
            timeout=timeout,
            environment={**self._environment, **(environment or {})},
            tracing=lambda_.Tracing.ACTIVE,
            reserved_concurrent_executions=reserved_concurrency,
            log_group=logs,
            role=lambda_role(self, f"{name}Role", log_group=logs, statements=statements),
        )
        acknowledge_runtime(function)
        acknowledge(function, {"Serverless::Serverless-LambdaDLQ": no_dead_letters})
        return function


def handler_module(state: str) -> str:
    """`ValidateDataset` → `validate_dataset`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", state).lower()


def environment(data: Data, settings: Settings) -> dict[str, str]:
    """The handlers' settings, as docs/architecture.md lists them, and Powertools' own."""
    variables = {
        "OUTPUT_BUCKET": data.output_bucket.bucket_name,
        # Nothing reads it: where the data stack was made anew, it makes CloudFormation update what uses its outputs.
        "DATA_STACK": data.identity,
        "DEPLOYMENT": settings.deployment,
        "CUSTOMIZATION_ROLE_ARN": data.customization_role_arn,
        "BATCH_ROLE_ARN": data.batch_role_arn,
        "DEFAULT_BASE_MODEL": settings.base_model,
        "MAX_THROUGHPUTS": str(settings.max_throughputs),
        "LONGEST_LEASE_HOURS": str(settings.longest_lease_hours),
        "LONGEST_RUN_HOURS": str(settings.longest_run_hours),
        "STALLED_JOB_TOLD_HOURS": str(settings.stalled_job_told_hours),
        "STALLED_JOB_ENDED_HOURS": str(settings.stalled_job_ended_hours),
        "LONGEST_BATCH_HOURS": str(settings.longest_batch_hours),
        "POWERTOOLS_SERVICE_NAME": settings.deployment,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
    }
    if data.key:
        variables["CUSTOM_MODEL_KMS_KEY_ARN"] = data.key.key_arn
    return variables | limits_on_runs(settings)


def limits_on_runs(settings: Settings) -> dict[str, str]:
    """What a run may spend and choose, and what a model unit costs; a setting that is null has no variable."""
    optional = {
        "MODEL_UNIT_PRICE_PER_HOUR": settings.model_unit_price_per_hour,
        "MAX_RUN_COST_USD": settings.max_run_cost_usd,
        "MAX_RUNS_PER_DAY": settings.max_runs_per_day,
        "APPROVAL_HOURS": settings.approval_hours,
        "ALLOWED_MODELS": None if settings.allowed_models is None else json.dumps(settings.allowed_models),
    }
    if settings.vpc_subnet_ids:
        optional["VPC_SUBNET_IDS"] = json.dumps(settings.vpc_subnet_ids)
        optional["VPC_SECURITY_GROUP_IDS"] = json.dumps(settings.vpc_security_group_ids)
    return {
        "MAX_MODEL_UNITS": str(settings.max_model_units),
        "MAX_SWEEP_JOBS": str(settings.max_sweep_jobs),
        "MAX_CONCURRENCY": str(settings.max_concurrency),
        "ACCEPT_UNKNOWN_PRICES": str(settings.accept_unknown_prices).lower(),
        "GATE": settings.gate.model_dump_json(exclude_unset=True),
        **{name: str(value) for name, value in optional.items() if value is not None},
    }
