"""Nothing outlives its run: the reconciler, what calls it, and what tells a person where it does not succeed.

Order is part of it. When the stack is deleted, CloudFormation first deletes what starts runs (`Uploads` depends on the
custom resource), then the custom resource, which ends runs and throughputs, and only then what those need: the custom
resource depends on the state machine, the rules, the topics and the alarms. Where it fails, all of these stay
and go on trying.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.data_stack import Data
from stacks.dead_letters import dead_letter_queue
from stacks.functions import Functions
from stacks.notifications import Notifications
from stacks.permissions import reconciler_permissions
from stacks.settings import Settings
from stacks.workflow import Workflow

NAME = "ReconcileThroughput"
TIMEOUT = cdk.Duration.minutes(15)
ENDS = ("ABORTED", "TIMED_OUT", "FAILED", "SUCCEEDED")


class ThroughputGuard(Construct):
    """`function`, its `dead_letters`, and the custom resource `on_deletion`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        functions: Functions,
        workflow: Workflow,
        notifications: Notifications,
        data: Data,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        machine, topic = workflow.state_machine, notifications.topic
        self.function = functions.add(
            NAME,
            description="Deletes each throughput and deployment, and stops each job, that no running execution needs.",
            timeout=TIMEOUT,
            statements=reconciler_permissions(
                self,
                data,
                state_machine=machine,
                topic=topic,
                deployment=settings.deployment,
                expire_models=settings.keep_models_days is not None,
                serve_champion=settings.serve_champion is not None,
            ),
            environment={
                "STATE_MACHINE_ARN": machine.state_machine_arn,
                "TOPIC_ARN": topic.topic_arn,
                **self._care(settings),
                "PURCHASE_TIMEOUT_SECONDS": str(timeout_seconds(functions.by_state["PurchaseThroughputOrDeploy"])),
            },
            reserved_concurrency=settings.reconciler_reserved_concurrency,
            no_dead_letters="Each call repeats the same comparison: what one misses, the next one does within minutes, "
            "and an alarm tells of every error.",
        )
        self.dead_letters = dead_letter_queue(self, "DeadLetters")
        self.on_deletion = self._on_deletion(
            after=[workflow, notifications, self.dead_letters, *self._rules(machine.state_machine_arn, settings)]
        )

    def _care(self, settings: Settings) -> dict[str, str]:
        """What it does beside its comparison; without the stack it makes nothing."""
        variables = {}
        if settings.keep_models_days is not None:
            variables["KEEP_MODELS_DAYS"] = str(settings.keep_models_days)
        if settings.serve_champion is not None:
            variables |= {"SERVE_CHAMPION": settings.serve_champion, "STACK_ID": cdk.Stack.of(self).stack_id}
        return variables

    def _rules(self, state_machine_arn: str, settings: Settings) -> list[events.Rule]:
        target = targets.LambdaFunction(
            self.function, dead_letter_queue=self.dead_letters, max_event_age=cdk.Duration.hours(1), retry_attempts=60
        )
        ended = events.EventPattern(
            source=["aws.states"],
            detail_type=["Step Functions Execution Status Change"],
            detail={"stateMachineArn": [state_machine_arn], "status": list(ENDS)},
        )
        every = events.Schedule.rate(cdk.Duration.minutes(settings.reconcile_minutes))
        return [
            events.Rule(
                self, "Schedule", description="Reconciles what no event told of", schedule=every, targets=[target]
            ),
            events.Rule(self, "RunEnded", description="Reconciles at once", event_pattern=ended, targets=[target]),
        ]

    def _on_deletion(self, *, after: Sequence[Construct]) -> cdk.CustomResource:
        resource = cdk.CustomResource(
            self,
            "OnDeletion",
            resource_type="Custom::ReconcileThroughput",
            service_token=self.function.function_arn,
            # A function that never answers does not keep the stack waiting for longer.
            service_timeout=TIMEOUT.plus(cdk.Duration.minutes(1)),
        )
        resource.node.add_dependency(*after)
        return resource


def timeout_seconds(function: lambda_.Function) -> int:
    """A function's time limit, which every function of this app has."""
    if function.timeout is None:
        raise ValueError(f"{function.node.path} has no time limit")
    return int(function.timeout.to_seconds())
