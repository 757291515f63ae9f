"""The state machine, and what it may do: call its functions, read its maps' items, tell the topic."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.acknowledgements import acknowledge, acknowledge_wildcards
from stacks.definition import definition_text
from stacks.log_groups import log_group, vended_name
from stacks.permissions import owner_of_a_run
from stacks.settings import Settings

MAP_ITEMS = (
    *(f"runs/*/shards/{name}.jsonl" for name in ("baselines", "tuned", "candidates", "judges")),
    "runs/*/curation/shards-*.jsonl",
)


class Workflow(Construct):
    """`state_machine`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        functions: Mapping[str, lambda_.Function],
        bucket: s3.IBucket,
        topic: sns.ITopic,
        key: kms.IKey | None,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        logs = log_group(self, "Logs", settings, key=key, name=vended_name(cdk.Stack.of(self), "states"))
        arns = {f"{name}Arn": function.function_arn for name, function in functions.items()}
        self.state_machine = stepfunctions.StateMachine(
            self,
            "FineTuning",
            definition_body=stepfunctions.DefinitionBody.from_string(
                definition_text(
                    {
                        "MaxConcurrency": settings.max_concurrency,
                        # More items than slots would only wait for each other.
                        "MaxThroughputs": settings.max_throughputs,
                        "ExecutionTimeoutSeconds": settings.longest_run_hours * 3600,
                        # Where nobody is asked, no run gets to the state that waits for it.
                        "ApprovalTimeoutSeconds": (settings.approval_hours or 1) * 3600,
                    }
                )
            ),
            definition_substitutions={**arns, "TopicArn": topic.topic_arn},
            state_machine_type=stepfunctions.StateMachineType.STANDARD,
            logs=stepfunctions.LogOptions(
                destination=logs, level=stepfunctions.LogLevel.ALL, include_execution_data=True
            ),
            tracing_enabled=True,
        )
        statements = [
            # The functions themselves: no version and no alias of them is in use.
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=list(arns.values())),
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects(key) for key in MAP_ITEMS]),
            iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn]),
        ]
        if key:
            actions = ["kms:Decrypt", "kms:GenerateDataKey"]
            statements.append(iam.PolicyStatement(actions=actions, resources=[key.key_arn]))
        for statement in statements:
            self.state_machine.add_to_role_policy(statement)
        acknowledge_wildcards(self.state_machine, statements)
        acknowledge(
            self.state_machine,
            {
                "AwsSolutions::AwsSolutions-IAM5[Resource::*]": "Step Functions' log delivery and X-Ray's write "
                "actions know no resources; nothing else has *."
            },
        )
        self._allow_distributed_maps()
        self._let_claim_ask(functions["ClaimRun"])

    def _allow_distributed_maps(self) -> None:
        """A distributed map runs its items as executions of its own machine; naming it, the policy stands apart."""
        machine, stack = self.state_machine, cdk.Stack.of(self)
        # Step Functions' guide names them by the first form, CDK by the second ("IAM policies for using Distributed Map
        # states"; DistributedMap.grant…).
        children = [
            stack.format_arn(
                service="states",
                resource="execution",
                resource_name=f"{machine.state_machine_name}{form}",
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for form in (":*", "/*")
        ]
        statements = [
            iam.PolicyStatement(actions=["states:StartExecution"], resources=[machine.state_machine_arn]),
            iam.PolicyStatement(actions=["states:DescribeExecution", "states:StopExecution"], resources=children),
        ]
        policy = iam.Policy(self, "DistributedMaps", statements=statements)
        acknowledge_wildcards(policy, statements)
        machine.role.attach_inline_policy(policy)

    def _let_claim_ask(self, claim: lambda_.Function) -> None:
        """The function is made before the state machine that it asks: naming it, the policy stands apart."""
        statements = [owner_of_a_run(self.state_machine)]
        policy = iam.Policy(self, "OwnerOfARun", statements=statements)
        acknowledge_wildcards(policy, statements)
        if claim.role is not None:
            policy.attach_to_role(claim.role)
