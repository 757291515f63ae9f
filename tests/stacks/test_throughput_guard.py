"""The guard in the template: what calls it, what it may end, and that it outlives what it has to end."""

import json
from typing import Any

import pytest

from tests.stacks.conftest import Templates, listed, text


def _by_path(templates: Templates, end: str) -> tuple[str, dict[str, Any]]:
    """Logical id and resource of the one whose construct path ends so."""
    [found] = [
        (name, resource)
        for name, resource in templates.pipeline["Resources"].items()
        if resource["Metadata"]["aws:cdk:path"].endswith(end)
    ]
    return found


def _needs(templates: Templates, name: str) -> set[str]:
    """Everything that a resource needs, directly or not: CloudFormation deletes it before any of that."""
    resources = templates.pipeline["Resources"]
    seen: set[str] = set()
    ahead = [name]
    while ahead:
        resource = resources[ahead.pop()]
        written = json.dumps({"Properties": resource.get("Properties", {})})
        direct = {other for other in resources if f'"{other}"' in written} | set(listed(resource.get("DependsOn", [])))
        ahead.extend(direct - seen)
        seen |= direct
    return seen


def test_every_end_of_an_execution_and_a_schedule_call_the_reconciler(templates: Templates) -> None:
    """At once where an event tells, within minutes where none did."""
    function, _ = _by_path(templates, "/ReconcileThroughput/Resource")
    rules = [
        rule
        for rule in templates.of_type("AWS::Events::Rule")
        if any(function in json.dumps(target) for target in rule["Targets"])
    ]
    [schedule] = [rule["ScheduleExpression"] for rule in rules if "ScheduleExpression" in rule]
    assert schedule == "rate(10 minutes)"
    [pattern] = [rule["EventPattern"] for rule in rules if "EventPattern" in rule]
    assert pattern["source"] == ["aws.states"]
    assert set(pattern["detail"]["status"]) == {"ABORTED", "TIMED_OUT", "FAILED", "SUCCEEDED"}
    machine, _ = _by_path(templates, "/FineTuning/Resource")
    assert pattern["detail"]["stateMachineArn"] == [{"Ref": machine}]
    assert all("DeadLetterConfig" in target for rule in rules for target in rule["Targets"])


def test_when_the_stack_goes_uploads_go_first_and_what_the_guard_needs_goes_last(templates: Templates) -> None:
    """Otherwise a run could start behind it, or it could find no permission, no state machine, nobody to tell."""
    on_deletion, _ = _by_path(templates, "/OnDeletion/Default")
    for rule in ("FileUploaded", "FileStarts", "FolderUploaded", "FolderStarts"):
        assert on_deletion in _needs(templates, _by_path(templates, f"/{rule}/Resource")[0])
    needed = _needs(templates, on_deletion)
    for path in (
        "/ReconcileThroughput/Resource",
        "/ReconcileThroughputRole/DefaultPolicy/Resource",
        "/FineTuning/Resource",
        "/Topic/Resource",
        "/ThroughputGuard/Schedule/Resource",
        "/ThroughputGuard/RunEnded/Resource",
        "/ThroughputGuard/DeadLetters/Resource",
        "/ThroughputGuard/DeadLetters/Policy/Resource",
        "/AlarmTopic/Resource",
        "/AlarmTopic/Policy/Resource",
        "/Alarms/LeaseOverrun/Resource",
        "/Alarms/DeletionFailed/Resource",
        "/Alarms/ThroughputLeft/Resource",
        "/Alarms/ReconcilerFailed/Resource",
        "/Alarms/ReconcilerSilent/Resource",
        "/Alarms/ReconciliationsUndelivered/Resource",
    ):
        assert _by_path(templates, path)[0] in needed
    assert on_deletion not in needed  # a circle could not be deployed


def test_the_stacks_deletion_is_bounded(templates: Templates) -> None:
    """CloudFormation waits an hour for a function that never answers, unless it is told otherwise."""
    _, resource = _by_path(templates, "/OnDeletion/Default")
    _, function = _by_path(templates, "/ReconcileThroughput/Resource")
    assert function["Properties"]["Timeout"] < int(resource["Properties"]["ServiceTimeout"]) <= 1200


@pytest.mark.parametrize(
    "action",
    [
        "bedrock:DeleteProvisionedModelThroughput",
        "bedrock:DeleteCustomModelDeployment",
        "bedrock:StopModelCustomizationJob",
        "bedrock:StopModelInvocationJob",
    ],
)
def test_it_cannot_end_what_carries_another_deployments_tag(keyed_templates: Templates, action: str) -> None:
    """Whatever the code decides; but one that has lost its tags can be ended, or it would bill for ever."""
    statements = [s for s in keyed_templates.statements("/ReconcileThroughputRole/") if action in listed(s["Action"])]
    assert statements
    for statement in statements:
        assert statement["Condition"] == {"StringEqualsIfExists": {"aws:ResourceTag/deployment": "team-a"}}


def test_it_can_stop_executions_of_this_state_machine_only(templates: Templates) -> None:
    """It ends all that run when the stack is deleted."""
    statements = templates.statements("/ReconcileThroughputRole/")
    [stop] = [s for s in statements if "states:StopExecution" in listed(s["Action"])]
    machine, _ = _by_path(templates, "/FineTuning/Resource")
    assert all(machine in text(arn) and ":execution:" in text(arn) for arn in listed(stop["Resource"]))


def test_it_buys_and_starts_nothing(templates: Templates) -> None:
    """A clean-up that could spend would itself have to be guarded."""
    actions = {action for s in templates.statements("/ReconcileThroughputRole/") for action in listed(s["Action"])}
    assert "bedrock:DeleteProvisionedModelThroughput" in actions
    assert not [action for action in actions if action.startswith(("bedrock:Create", "states:Start", "iam:"))]


def test_it_makes_nothing_but_the_champions_deployment_where_that_is_asked_for(keyed_templates: Templates) -> None:
    """By its own tag and of its own models; throughput, which bills by the hour, it never buys."""
    statements = keyed_templates.statements("/ReconcileThroughputRole/")
    makes = {
        action: s
        for s in statements
        for action in listed(s["Action"])
        if action.startswith(("bedrock:Create", "bedrock:Update", "bedrock:Tag"))
    }
    assert set(makes) == {
        "bedrock:CreateCustomModelDeployment",
        "bedrock:UpdateCustomModelDeployment",
        "bedrock:TagResource",
    }
    ours = {"StringEqualsIfExists": {"aws:ResourceTag/deployment": "team-a"}}
    assert makes["bedrock:CreateCustomModelDeployment"]["Condition"] == ours
    assert makes["bedrock:UpdateCustomModelDeployment"]["Condition"] == ours
    assert makes["bedrock:TagResource"]["Condition"]["StringEquals"] == {"aws:RequestTag/deployment": "team-a"}
    bedrock = "arn:aws:bedrock:us-east-1:123456789012"
    assert listed(makes["bedrock:TagResource"]["Resource"]) == [f"{bedrock}:custom-model-deployment/*"]
    assert listed(makes["bedrock:CreateCustomModelDeployment"]["Resource"]) == [f"{bedrock}:custom-model/*"]


def test_it_reads_and_writes_the_endpoint_and_only_reads_the_champion(keyed_templates: Templates) -> None:
    """Which model is the champion is a run's and a person's to say."""
    parameters = {
        (action, arn)
        for s in keyed_templates.statements("/ReconcileThroughputRole/")
        for action in listed(s["Action"])
        if action.startswith("ssm:")
        for arn in listed(s["Resource"])
    }
    ssm = "arn:aws:ssm:us-east-1:123456789012:parameter/team-a"
    assert parameters == {
        ("ssm:GetParameter", f"{ssm}/endpoint"),
        ("ssm:PutParameter", f"{ssm}/endpoint"),
        ("ssm:GetParameter", f"{ssm}/champion"),
    }


def test_it_knows_whether_it_serves_the_champion_and_whose_stack_it_is(
    templates: Templates, keyed_templates: Templates
) -> None:
    """Without the stack it could make a deployment behind the stack's deletion."""
    variables = [
        _by_path(each, "/ReconcileThroughput/Resource")[1]["Properties"]["Environment"]["Variables"]
        for each in (templates, keyed_templates)
    ]
    assert not {"SERVE_CHAMPION", "STACK_ID"} & set(variables[0])
    assert variables[1]["SERVE_CHAMPION"] == "on_demand"
    assert variables[1]["STACK_ID"] == {"Ref": "AWS::StackId"}


def test_a_purchase_ends_within_half_a_minute(templates: Templates) -> None:
    """It is how long the deletion of the stack, and the next run, have to wait for one that was cut off."""
    _, purchase = _by_path(templates, "/PurchaseThroughputOrDeploy/Resource")
    _, guard = _by_path(templates, "/ReconcileThroughput/Resource")
    assert purchase["Properties"]["Timeout"] <= 30
    variables = guard["Properties"]["Environment"]["Variables"]
    assert variables["PURCHASE_TIMEOUT_SECONDS"] == str(purchase["Properties"]["Timeout"])


def test_alarms_reach_the_alarm_topic_and_say_what_to_do(templates: Templates) -> None:
    """One that nobody gets, or understands, is none."""
    topic, _ = _by_path(templates, "/AlarmTopic/Resource")
    alarms = templates.of_type("AWS::CloudWatch::Alarm")
    assert {alarm["MetricName"] for alarm in alarms} == {
        "OldestLeaseOverrunSeconds",
        "DeletionFailures",
        "ThroughputsLeft",
        "Errors",
        "Throttles",
        "Invocations",
        "ApproximateNumberOfMessagesVisible",
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
    }
    for alarm in alarms:
        assert alarm["AlarmActions"] == [{"Ref": topic}]
        assert alarm["AlarmDescription"].endswith(".")
        if alarm["MetricName"] != "Invocations":
            assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    # As the handlers' metrics are counted.
    own = [alarm for alarm in alarms if alarm["Namespace"] == "FineTuning"]
    assert len(own) == 3
    assert all(alarm["Dimensions"] == [{"Name": "service", "Value": "fine-tuning"}] for alarm in own)
    assert len(templates.of_type("AWS::CloudWatch::Dashboard")) == 1


def test_an_execution_that_ends_badly_wakes_a_person(templates: Templates) -> None:
    """Of some ends no state and no function can tell: Step Functions counts them all the same."""
    [machine] = [
        name
        for name, resource in templates.pipeline["Resources"].items()
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    ends = [alarm for alarm in templates.of_type("AWS::CloudWatch::Alarm") if alarm["Namespace"] == "AWS/States"]
    assert len(ends) == 3
    for alarm in ends:
        assert alarm["Dimensions"] == [{"Name": "StateMachineArn", "Value": {"Ref": machine}}]
        assert (alarm["Statistic"], alarm["TreatMissingData"]) == ("Sum", "notBreaching")


def test_a_reconciler_that_is_never_called_wakes_a_person(templates: Templates) -> None:
    """No call, no metric of its own, no alarm: all others would stay green while a throughput bills."""
    _, silent = _by_path(templates, "/Alarms/ReconcilerSilent/Resource")
    function, _ = _by_path(templates, "/ReconcileThroughput/Resource")
    alarm = silent["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Invocations", "Sum")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function}}]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "LessThanThreshold")
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (600, 3)
    assert alarm["TreatMissingData"] == "breaching"


def test_every_alarm_may_publish_to_its_topic(templates: Templates) -> None:
    """A topic's own policy takes the place of the default: without this statement no alarm would ever arrive."""
    policies = templates.of_type("AWS::SNS::TopicPolicy")
    for alarm in templates.of_type("AWS::CloudWatch::Alarm"):
        for topic in (*alarm["AlarmActions"], *alarm["OKActions"]):
            [policy] = [policy for policy in policies if topic in policy["Topics"]]
            [allowed] = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
            assert allowed["Action"] == "sns:Publish"
            assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
            assert allowed["Resource"] == topic
            assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_reconciler_has_concurrency_of_its_own_where_the_setting_says_so(
    templates: Templates, keyed_templates: Templates
) -> None:
    """Lambda refuses a reservation in a small account: by default there is none."""

    def reserved(of: Templates) -> object:
        [function] = [
            resource["Properties"]
            for resource in of.pipeline["Resources"].values()
            if resource["Metadata"].get("aws:cdk:path", "").endswith("/ReconcileThroughput/Resource")
            and resource["Type"] == "AWS::Lambda::Function"
        ]
        return function.get("ReservedConcurrentExecutions")

    assert reserved(templates) is None
    assert reserved(keyed_templates) == 5
    others = [f for f in keyed_templates.of_type("AWS::Lambda::Function") if "ReservedConcurrentExecutions" in f]
    assert len(others) == 1
