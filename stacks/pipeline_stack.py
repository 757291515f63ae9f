"""What may be replaced at any time: functions, state machine, the events that start it, the topic."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from stacks.alarms import Alarms
from stacks.data_stack import Data, DataStack
from stacks.definition import lambda_states
from stacks.functions import STARTER, Functions
from stacks.limits import OUTPUT, limits_of
from stacks.notifications import Notifications
from stacks.settings import Settings
from stacks.throughput_guard import ThroughputGuard
from stacks.uploads import Uploads
from stacks.workflow import Workflow


class PipelineStack(cdk.Stack):
    """`<environment>-pipeline`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, data_stack: DataStack, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, description="Fine-tuning: state machine and functions", **kwargs)
        data = Data(self, data_stack, settings)
        notifications = Notifications(self, "Notifications", key=data.key, settings=settings)
        functions = Functions(
            self, "Functions", states=lambda_states(), data=data, notifications=notifications, settings=settings
        )
        workflow = Workflow(
            self,
            "Workflow",
            functions=functions.by_state,
            bucket=data.output_bucket,
            topic=notifications.topic,
            key=data.key,
            settings=settings,
        )
        guard = ThroughputGuard(
            self,
            "ThroughputGuard",
            functions=functions,
            workflow=workflow,
            notifications=notifications,
            data=data,
            settings=settings,
        )
        uploads = Uploads(
            self,
            "Uploads",
            data=data,
            state_machine=workflow.state_machine,
            functions=functions,
            topic=notifications.topic,
        )
        # So that, when the stack is deleted, nothing starts a run any more when the guard ends the last ones.
        uploads.node.add_dependency(guard.on_deletion)
        alarms = Alarms(
            self,
            "Alarms",
            reconciler=guard.function,
            state_machine=workflow.state_machine,
            undelivered_uploads=uploads.dead_letters,
            undelivered_reconciliations=guard.dead_letters,
            topic=notifications.alarm_topic,
            settings=settings,
        )
        # Where a throughput cannot be ended, its alarms stay. The uploads' alarm goes with the uploads, before it.
        guard.on_deletion.node.add_dependency(*alarms.on_reconciler)

        # `fine-tune run` checks data sets for the model that the environment was deployed for.
        cdk.CfnOutput(self, "BaseModel", value=settings.base_model)
        cdk.CfnOutput(self, OUTPUT, value=limits_of(settings).model_dump_json())
        cdk.CfnOutput(self, "DataStackId", value=data.identity)
        cdk.CfnOutput(self, "StateMachineArn", value=workflow.state_machine.state_machine_arn)
        cdk.CfnOutput(self, f"{STARTER}RoleArn", value=functions.starter.role_arn)
        cdk.CfnOutput(self, "ResultTopic", value=notifications.topic.topic_arn)
        cdk.CfnOutput(self, "AlarmTopic", value=notifications.alarm_topic.topic_arn)
        cdk.CfnOutput(self, "ReconcilerFunction", value=guard.function.function_name)
