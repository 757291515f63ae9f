"""What the smaller services check, by client and operation."""

from collections.abc import Iterator

from local.permissions.calls import AccountState, AwsCall, Needed, Needs, key_use, nothing, simple


def _on(action: str, parameter: str) -> Needs:
    """An action on the resource whose ARN a parameter names."""

    def needs(call: AwsCall, _account: AccountState) -> Iterator[Needed]:
        yield Needed(action, (call.text(parameter),))

    return needs


def _on_role(action: str) -> Needs:
    def needs(call: AwsCall, account: AccountState) -> Iterator[Needed]:
        name = call.text("RoleName")
        yield Needed(action, (account.role_arn(name) or call.arn("iam", f"role/{name}", region=""),))

    return needs


def _on_key(action: str, **context: str) -> Needs:
    """`context` names the parameters that give the condition keys' values."""

    def needs(call: AwsCall, account: AccountState) -> Iterator[Needed]:
        named = call.text("KeyId")
        arn = account.key_arn(named) or (named if named.startswith("arn:") else call.arn("kms", f"key/{named}"))
        given = {f"kms:{key}": call.text(name) for key, name in context.items() if call.text(name)}
        yield Needed(action, (arn,), {"kms:CallerAccount": call.account, **given})

    return needs


def _publishes(call: AwsCall, account: AccountState) -> Iterator[Needed]:
    topic = call.text("TopicArn")
    yield Needed("sns:Publish", (topic,))
    yield from key_use(account.topic_key(topic), "sns", call, "GenerateDataKey", "Decrypt")


def _on_parameter(action: str) -> Needs:
    def needs(call: AwsCall, _account: AccountState) -> Iterator[Needed]:
        # A version behind the name is no part of the resource.
        name = call.text("Name").removeprefix("/").partition(":")[0]
        yield Needed(action, (call.arn("ssm", f"parameter/{name}"),))

    return needs


def _describes_stacks(call: AwsCall, _account: AccountState) -> Iterator[Needed]:
    name = call.text("StackName")
    # Its id is not known to who names it; a policy that names one by a pattern fits any.
    arn = name if name.startswith("arn:") else call.arn("cloudformation", f"stack/{name}/unknown")
    yield Needed("cloudformation:DescribeStacks", (arn if name else "*",))


DESCRIBED = ("Subnets", "SecurityGroups", "VpcEndpoints", "Vpcs", "NetworkInterfaces", "RouteTables")
NEEDS: dict[str, dict[str, Needs]] = {
    "service-quotas": {
        "ListServiceQuotas": simple("servicequotas:ListServiceQuotas"),
        "ListAWSDefaultServiceQuotas": simple("servicequotas:ListAWSDefaultServiceQuotas"),
    },
    "iam": {
        "GetRole": _on_role("iam:GetRole"),
        "SimulatePrincipalPolicy": _on("iam:SimulatePrincipalPolicy", "PolicySourceArn"),
    },
    "kms": {
        "DescribeKey": _on_key("kms:DescribeKey"),
        "ScheduleKeyDeletion": _on_key(
            "kms:ScheduleKeyDeletion", ScheduleKeyDeletionPendingWindowInDays="PendingWindowInDays"
        ),
    },
    "stepfunctions": {
        "StartExecution": _on("states:StartExecution", "stateMachineArn"),
        "DescribeExecution": _on("states:DescribeExecution", "executionArn"),
        "StopExecution": _on("states:StopExecution", "executionArn"),
        "ListExecutions": _on("states:ListExecutions", "stateMachineArn"),
        "SendTaskSuccess": simple("states:SendTaskSuccess"),
        "SendTaskFailure": simple("states:SendTaskFailure"),
    },
    "lambda": {
        "GetAccountSettings": simple("lambda:GetAccountSettings"),
        "Invoke": _on("lambda:InvokeFunction", "FunctionName"),
    },
    "ec2": {f"Describe{each}": simple(f"ec2:Describe{each}") for each in DESCRIBED},
    "sns": {"Publish": _publishes, "GetTopicAttributes": _on("sns:GetTopicAttributes", "TopicArn")},
    "ssm": {"GetParameter": _on_parameter("ssm:GetParameter"), "PutParameter": _on_parameter("ssm:PutParameter")},
    "cloudformation": {"DescribeStacks": _describes_stacks},
    "sts": {"GetCallerIdentity": nothing},
}
