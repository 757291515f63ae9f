"""What may be replaced at any time: functions, state machine, the events that start it, the topic."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from stacks.data_stack import Data, DataStack
from stacks.definition import lambda_states
from stacks.functions import Functions
from stacks.notifications import Notifications
from stacks.settings import Settings
from stacks.uploads import Uploads
from stacks.workflow import Workflow


class PipelineStack(cdk.Stack):
    """`<deployment>-pipeline`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, data_stack: DataStack, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, description="Fine-tuning: state machine and functions", **kwargs)
        data = Data(self, data_stack)
        notifications = Notifications(self, "Notifications", key=data.key, settings=settings)
        functions = Functions(self, "Functions", states=lambda_states(), data=data, settings=settings)
        workflow = Workflow(
            self,
            "Workflow",
            functions=functions.by_state,
            bucket=data.output_bucket,
            topic=notifications.topic,
            key=data.key,
            settings=settings,
        )
        Uploads(self, "Uploads", bucket=data.input_bucket, state_machine=workflow.state_machine)

        cdk.CfnOutput(self, "StateMachineArn", value=workflow.state_machine.state_machine_arn)
        cdk.CfnOutput(self, "ResultTopic", value=notifications.topic.topic_arn)
