"""The pipeline stack, by properties: who may do what, and that definition, handlers and functions fit together."""

import importlib
import json
import re

import pytest

from stacks.definition import NUMBERS, PATH, RETRIES, function_of, lambda_states, seconds_to_serve, states
from stacks.functions import handler_module
from stacks.limits import OUTPUT, DeployedLimits
from tests.stacks.conftest import Templates, listed, text
from tests.task_modules import task_modules


def _functions(templates: Templates) -> dict[str, dict[str, object]]:
    """The pipeline's functions by their construct ids."""
    return {
        resource["Metadata"]["aws:cdk:path"].split("/")[-2]: resource["Properties"]
        for resource in templates.pipeline["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def test_whoever_serves_learns_the_limits_from_the_stack(templates: Templates) -> None:
    """Another checkout's cdk.json may say something else."""
    told = DeployedLimits.model_validate_json(templates.pipeline["Outputs"][OUTPUT]["Value"])
    assert (told.max_throughputs, told.longest_lease_hours, told.max_run_cost_usd) == (1, 8, 100)


def test_states_handlers_steps_placeholders_and_functions_are_in_bijection(templates: Templates) -> None:
    """One name leads from the picture to the code: no table of names can drift, since there is none."""
    tasks = {
        name: served
        for name, state in states(json.loads(PATH.read_text()))
        if (served := function_of(state)) and not served.startswith("arn:")
    }
    # It asks before a removal, too: two pauses with one function, so that one command answers both.
    assert tasks.pop("RequestCurationApproval") == tasks["RequestApproval"]
    assert {handler_module(name) for name in tasks} == task_modules()
    for module in task_modules():
        assert callable(getattr(importlib.import_module(f"lambdas.steps.{module}"), module))
    assert tasks == {name: f"${{{name}Arn}}" for name in tasks}
    assert (
        set(_functions(templates)) - {"ReconcileThroughput", "TellUnusedUpload"} == set(tasks) == set(lambda_states())
    )
    for name, function in _functions(templates).items():
        assert function["Handler"] == f"lambdas.handlers.{handler_module(name)}.handler"
    used = set(re.findall(r"\$\{(\w+)\}", PATH.read_text())) - NUMBERS - json.loads(RETRIES.read_text()).keys()
    [machine] = templates.of_type("AWS::StepFunctions::StateMachine")
    assert set(machine["DefinitionSubstitutions"]) == used


def test_functions_end_before_their_states_and_are_traced(templates: Templates) -> None:
    """A function that is cut off by its own timeout says so; by its state's, nobody knows where it stood."""
    for name, state in lambda_states().items():
        function = _functions(templates)[name]
        assert 0 < seconds_to_serve(state) - int(str(function["Timeout"])) <= 10
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert function["MemorySize"] in (512, 1769)


def test_functions_get_the_settings_that_handlers_read(templates: Templates, keyed_templates: Templates) -> None:
    """The variables of docs/architecture.md, and the key only where there is one."""
    for function in _functions(keyed_templates).values():
        variables = function["Environment"]["Variables"]  # type: ignore[index] # a template is plain JSON
        assert variables["DEPLOYMENT"] == variables["POWERTOOLS_SERVICE_NAME"] == "team-a"
        assert {"OUTPUT_BUCKET", "CUSTOMIZATION_ROLE_ARN", "CUSTOM_MODEL_KMS_KEY_ARN"} <= set(variables)
        assert variables["DEFAULT_BASE_MODEL"] == "amazon.nova-lite-v1:0:300k"
    assert "CUSTOM_MODEL_KMS_KEY_ARN" not in json.dumps(list(_functions(templates).values()))


def test_each_function_has_a_role_and_log_group_of_its_own(templates: Templates) -> None:
    """Shared roles add up to more than any function needs."""
    functions = _functions(templates).values()
    for owned in ("Role", "LoggingConfig"):
        assert len({json.dumps(function[owned]) for function in functions}) == len(functions)
    assert {group["RetentionInDays"] for group in templates.of_type("AWS::Logs::LogGroup")} == {30}
    for role in templates.of_type("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role


@pytest.mark.assumption("permission-lists-need-all-resources")
@pytest.mark.parametrize("setup", ["templates", "keyed_templates"])
def test_no_action_is_a_wildcard_and_star_resources_know_no_others(setup: str, request: pytest.FixtureRequest) -> None:
    """`*` stands only where AWS defines no resource: X-Ray's, log delivery's and List actions."""
    templates: Templates = request.getfixturevalue(setup)
    for statement in templates.statements(""):
        actions = listed(statement["Action"])
        assert not [action for action in actions if "*" in action]
        if "*" in listed(statement["Resource"]):
            known: tuple[str, ...] = (
                "xray:", "logs:", "bedrock:List", "bedrock:GetFoundationModelAvailability", "servicequotas:List",
                "lambda:GetAccountSettings", "ec2:Describe",
            )  # fmt: skip
            # Bedrock names network interfaces: their tags and subnets say which.
            known = (*known, "ec2:") if "ec2:Subnet" in json.dumps(statement.get("Condition")) else known
            assert all(action.startswith(known) for action in actions)


# What asks by batch jobs.
IN_BATCH = {"CurateTrainingSet", "AskBaselinesInBatch", "AskJudgesInBatch"}


@pytest.mark.assumption("permission-pass-role")
def test_only_what_starts_jobs_may_pass_their_role_to_bedrock(templates: Templates) -> None:
    """PassRole on anything else would hand Bedrock any role of the account."""
    passing = [s for s in templates.statements("") if "iam:PassRole" in listed(s["Action"])]
    passed = {"StartJobs": "CustomizationRoleArn", **dict.fromkeys(sorted(IN_BATCH), "BatchRoleArn")}
    assert len(passing) == len(passed)
    for state, output in passed.items():
        [statement] = [s for s in templates.statements(f"/{state}Role/") if "iam:PassRole" in listed(s["Action"])]
        assert statement["Resource"]["Fn::GetStackOutput"]["OutputName"] == output
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}


def test_only_models_that_nothing_keeps_can_be_deleted(templates: Templates) -> None:
    """Whatever the code decides: the model of a run with one candidate is in nobody's reach."""
    deleting = [s for s in templates.statements("") if "bedrock:DeleteCustomModel" in listed(s["Action"])]
    assert len(deleting) == 2
    for statement in deleting:
        assert statement["Condition"]["StringEquals"]["aws:ResourceTag/keep-model"] == "false"
        assert statement["Condition"]["Null"] == {"aws:ResourceTag/sweep-candidate": "false"}


def _may(templates: Templates, action: str) -> set[str]:
    """The states whose functions may do this."""
    return {
        name
        for name in lambda_states()
        if any(action in listed(s["Action"]) for s in templates.statements(f"/{name}Role/"))
    }


ASKING = {"AnswerBaselineShard", "AnswerShard", "AskCuratorShard", "JudgeShard", "RunPreflight"}


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("bedrock:CreateModelCustomizationJob", {"StartJobs"}),
        ("bedrock:StopModelCustomizationJob", {"StopJobs", "CheckJobs"}),
        ("bedrock:CreateModelInvocationJob", IN_BATCH),
        ("bedrock:StopModelInvocationJob", {"StopJobs", *IN_BATCH}),
        ("bedrock:DeleteCustomModel", {"DiscardModels"}),
        ("bedrock:CreateProvisionedModelThroughput", {"PurchaseThroughputOrDeploy"}),
        ("bedrock:DeleteProvisionedModelThroughput", {"DeleteThroughputOrDeployment"}),
        ("bedrock:CreateCustomModelDeployment", {"PurchaseThroughputOrDeploy"}),
        ("bedrock:DeleteCustomModelDeployment", {"DeleteThroughputOrDeployment"}),
        ("s3:DeleteObjectVersion", {"DeleteThroughputOrDeployment", "PurchaseThroughputOrDeploy"}),
        (
            "bedrock:InvokeModel",
            {"AnswerBaselineShard", "AnswerShard", "AskCuratorShard", "JudgeShard", "RunPreflight"},
        ),
        ("ssm:PutParameter", {"PromoteChampion"}),
        ("s3:GetObjectVersion", {"ValidateDataset"}),
        ("sns:Publish", {"RequestApproval", "CheckJobs", "PurchaseThroughputOrDeploy"}),
    ],
)
def test_what_costs_or_cleans_up_is_allowed_to_few_functions(
    templates: Templates, action: str, allowed: set[str]
) -> None:
    """Money is spent and saved at known places."""
    assert _may(templates, action) == allowed


def test_baselines_cannot_reach_the_throughput_nor_the_tuned_model_the_base(templates: Templates) -> None:
    """Each answers for its own arm."""

    def invoked(name: str) -> list[str]:
        found = [s for s in templates.statements(f"/{name}Role/") if "bedrock:InvokeModel" in listed(s["Action"])]
        return [text(arn).rpartition(":")[2] for s in found for arn in listed(s["Resource"])]

    for name in ("AnswerBaselineShard", "AskCuratorShard", "JudgeShard"):
        assert set(invoked(name)) == {"foundation-model/*", "inference-profile/*"}
    assert sorted(invoked("AnswerShard")) == ["custom-model-deployment/*", "provisioned-model/*"]


def test_only_the_deployments_own_parameter_is_read_and_written(templates: Templates) -> None:
    """Parameters hold other systems' settings and secrets."""
    statements = [s for s in templates.statements("") if any("ssm:" in action for action in listed(s["Action"]))]
    arns = {text(arn) for s in statements for arn in listed(s["Resource"])}
    assert {arn.rpartition(":")[2] for arn in arns} == {
        "parameter/fine-tuning/champion",
        "parameter/fine-tuning/endpoint",
    }


def test_distributed_maps_may_run_their_items_and_read_them(templates: Templates) -> None:
    """Without these the maps fail on AWS, and an emulator without IAM would not tell."""
    granted = {action for s in templates.statements("/Workflow/") for action in listed(s["Action"])}
    assert {"states:StartExecution", "states:DescribeExecution", "states:StopExecution", "s3:GetObject"} <= granted
    [stopping] = [s for s in templates.statements("/Workflow/") if "states:StopExecution" in listed(s["Action"])]
    # AWS documents the one form, CDK grants the other.
    forms = sorted(text(arn)[-2:] for arn in stopping["Resource"])
    assert forms == ["/*", ":*"]


def test_one_function_alone_may_buy_a_throughput(templates: Templates) -> None:
    """That its request has no commitment is tested there; whoever else may buy could commit the account for months."""
    action = "bedrock:CreateProvisionedModelThroughput"
    buying = [s for s in templates.statements("") if action in listed(s["Action"])]
    assert len(buying) == 1
    assert buying[0] in templates.statements("/PurchaseThroughputOrDeployRole/")
    assert not [role for role in templates.of_type("AWS::IAM::Role") if "Policies" in role]


def test_state_machine_is_standard_logged_and_traced(templates: Templates) -> None:
    """A run of days needs a standard machine; its log is the first thing one reads."""
    [machine] = templates.of_type("AWS::StepFunctions::StateMachine")
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_the_state_machine_s_log_takes_no_room_in_the_account_s_policy(templates: Templates) -> None:
    """Log delivery to any other name is added to one resource policy of 5,120 characters for the whole account."""
    [machine] = templates.of_type("AWS::StepFunctions::StateMachine")
    [destination] = machine["LoggingConfiguration"]["Destinations"]
    group = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
    name = text(templates.pipeline["Resources"][group]["Properties"]["LogGroupName"])
    assert name.startswith("/aws/vendedlogs/states/fine-tuning-pipeline-")
    # A stack that is made anew meets no log group of the one before.
    assert "AWS::StackId" in name


def test_max_concurrency_is_a_number_in_all_maps(keyed_templates: Templates) -> None:
    """Step Functions refuses a text there."""
    [machine] = keyed_templates.of_type("AWS::StepFunctions::StateMachine")
    definition = json.loads(machine["DefinitionString"])
    limits = {name: state["MaxConcurrency"] for name, state in states(definition) if state["Type"] == "Map"}
    # As many leases at a time as there are slots.
    assert limits.pop("ServeModels") == 1
    assert [*limits.values()] == [3, 3, 3, 3]


def test_longest_run_ends_the_execution(templates: Templates) -> None:
    """An execution that hangs would hold its slot and its throughput until somebody looks."""
    [machine] = templates.of_type("AWS::StepFunctions::StateMachine")
    assert json.loads(machine["DefinitionString"])["TimeoutSeconds"] == 168 * 3600


def test_approval_waits_as_long_as_the_setting_says(templates: Templates, keyed_templates: Templates) -> None:
    """Silence ends the run after a set time; where nobody is asked, the number only has to be one."""

    def waits_seconds(of: Templates) -> object:
        [machine] = of.of_type("AWS::StepFunctions::StateMachine")
        asked = json.loads(machine["DefinitionString"])["States"]["RequestApproval"]
        assert asked["Parameters"]["Payload"]["timeout_seconds"] == asked["TimeoutSeconds"]
        return asked["TimeoutSeconds"]

    assert waits_seconds(keyed_templates) == 12 * 3600
    assert waits_seconds(templates) == 3600


def test_only_the_state_that_asks_can_write_a_task_token(templates: Templates) -> None:
    """Whoever has the token and may send it answers in a person's place."""
    writing = [
        statement
        for statement in templates.statements("")
        if "s3:PutObject" in listed(statement["Action"])
        and any(text(arn).endswith("/runs/*/approval.json") for arn in listed(statement["Resource"]))
    ]
    assert len(writing) == 1
    assert writing[0] in templates.statements("/RequestApprovalRole/")
    answers = {action for s in templates.statements("") for action in listed(s["Action"]) if "SendTask" in action}
    assert answers == set()


def test_topics_are_encrypted_over_tls_and_tell_the_given_address(
    templates: Templates, keyed_templates: Templates
) -> None:
    """Reports name data sets and models. CloudWatch cannot write to a topic under the key that AWS manages."""
    results, alarms = templates.of_type("AWS::SNS::Topic")
    assert "alias/aws/sns" in text(results["KmsMasterKeyId"])
    assert "KmsMasterKeyId" not in alarms
    assert all("KmsMasterKeyId" in topic for topic in keyed_templates.of_type("AWS::SNS::Topic"))
    assert len(templates.of_type("AWS::SNS::TopicPolicy")) == 2
    for policy in templates.of_type("AWS::SNS::TopicPolicy"):
        assert "aws:SecureTransport" in json.dumps(policy)
    assert not templates.of_type("AWS::SNS::Subscription")
    subscriptions = keyed_templates.of_type("AWS::SNS::Subscription")
    assert len(subscriptions) == 2
    for subscription in subscriptions:
        assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ml@example.com")
    [key] = keyed_templates.of_type("AWS::KMS::Key")
    assert "cloudwatch.amazonaws.com" in json.dumps(key["KeyPolicy"])


def test_models_of_other_regions_are_asked_only_through_an_inference_profile(templates: Templates) -> None:
    """Nova 2 Lite and Llama 3.3 are asked through one, which routes to other Regions; nothing else needs them."""
    for name in ("AnswerBaselineShard", "AskCuratorShard", "JudgeShard"):
        elsewhere = [
            statement
            for statement in templates.statements(f"/{name}Role/")
            if any(":bedrock:*::foundation-model/*" in text(resource) for resource in listed(statement["Resource"]))
        ]
        assert elsewhere
        for each in elsewhere:
            assert "inference-profile/*" in text(each["Condition"]["StringLike"]["bedrock:InferenceProfileArn"])


def test_preflight_asks_for_the_role_that_starts_jobs_and_can_change_nothing(templates: Templates) -> None:
    """It looks at roles, quotas and models with the least rights, and passes no role itself."""
    variables = _functions(templates)["RunPreflight"]["Environment"]["Variables"]  # type: ignore[index] # plain JSON
    starter = variables["START_JOBS_ROLE_ARN"]
    assert "StartJobsRole" in json.dumps(starter)
    statements = templates.statements("/RunPreflightRole/")
    simulated = [s for s in statements if "iam:SimulatePrincipalPolicy" in listed(s["Action"])]
    asked = [resource for s in simulated for resource in listed(s["Resource"])]
    assert starter in asked
    assert len(asked) == 2
    actions = {action.partition(":")[2] for s in statements for action in listed(s["Action"])}
    reading = ("Get", "List", "Describe", "Simulate", "InvokeModel", "PutTrace", "PutTelemetry", "PutLog", "CreateLog")
    assert {action for action in actions if not action.startswith(reading)} == {"PutObject"}


def test_the_claim_may_ask_what_became_of_the_run_s_owner_and_of_no_other_machine_s(templates: Templates) -> None:
    """Without it who starts a failed run again would read of a permission, not of the failure."""
    [statement] = templates.statements("/OwnerOfARun/")
    assert listed(statement["Action"]) == ["states:DescribeExecution"]
    [arn] = listed(statement["Resource"])
    assert ":execution:" in text(arn)
    assert text(arn).endswith(":*")
    [policy] = [
        resource["Properties"]
        for resource in templates.pipeline["Resources"].values()
        if "/OwnerOfARun/" in resource["Metadata"]["aws:cdk:path"]
    ]
    assert "ClaimRunRole" in json.dumps(policy["Roles"])


def test_preflight_may_count_the_subscriptions_of_the_two_topics(templates: Templates) -> None:
    """It reads no addresses: the count is an attribute of the topic."""
    [counting] = [s for s in templates.statements("") if any("sns:Get" in action for action in listed(s["Action"]))]
    assert counting in templates.statements("/RunPreflightRole/")
    assert listed(counting["Action"]) == ["sns:GetTopicAttributes"]
    variables = _functions(templates)["RunPreflight"]["Environment"]["Variables"]  # type: ignore[index] # plain JSON
    asked = {json.dumps(arn) for arn in listed(counting["Resource"])}
    assert asked == {json.dumps(variables[name]) for name in ("TOPIC_ARN", "ALARM_TOPIC_ARN")}
    assert "AlarmTopic" in json.dumps(variables["ALARM_TOPIC_ARN"])


def test_preflight_compares_lambda_s_concurrency_with_the_settings(
    templates: Templates, keyed_templates: Templates
) -> None:
    """It may ask for the account's limit, and is told what runs take of it."""
    asking = [s for s in templates.statements("") if "lambda:GetAccountSettings" in listed(s["Action"])]
    assert len(asking) == 1
    assert asking[0] in templates.statements("/RunPreflightRole/")
    for of, most, reserved in ((templates, "4", None), (keyed_templates, "3", "5")):
        variables = _functions(of)["RunPreflight"]["Environment"]["Variables"]  # type: ignore[index] # plain JSON
        assert variables["MAX_CONCURRENCY"] == most
        assert variables.get("RECONCILER_RESERVED_CONCURRENCY") == reserved


def test_only_the_claim_counts_the_days_runs(templates: Templates) -> None:
    """Whoever could write or delete a number could start runs past the limit, or none at all."""
    counting = [
        name
        for name in _functions(templates)
        if any("run-limits/" in json.dumps(statement) for statement in templates.statements(f"/{name}Role/"))
    ]
    assert counting == ["ClaimRun"]
    assert not any(
        "Delete" in action for each in templates.statements("/ClaimRunRole/") for action in listed(each["Action"])
    )


def test_what_explains_a_failure_reads_what_the_curation_has_come_to(templates: Templates) -> None:
    """A run that a stage of its curation ends tells its counts and its cost."""
    read = {
        text(resource).rpartition("}")[2]
        for statement in templates.statements("/ExplainFailureRole/")
        if "s3:GetObject" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    expected = ("curation/*", "dataset/cleaning.jsonl", "dataset/synthesis.jsonl")
    assert {f"/runs/*/{key}" for key in expected} <= read
