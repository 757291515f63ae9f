"""Further deployments on one embedded AWS, made by CloudFormation from the templates of the one that CDK deployed."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.deployment import DeployedEnvironment, subscribe_reader
from local.embedded_aws import EmbeddedAws
from local.faults.controls import ExecutionControl

# The deployment's name in cdk.json, which the templates carry in stack names and the handlers' environment, and without
# its hyphen in the names that CDK makes itself.
ORIGINAL = "fine-tuning"
ORIGINAL_IN_NAMES = "finetuningpipeline"
TEMPLATES = "fault-templates"
STACKS = ("data", "pipeline")
POLL_SECONDS = 0.1
# It ends a harness that waits for what never comes.
SECONDS_TO_FINISH = 1800


# That the stack's own grants are enough, tests/local/test_serve_champion.py shows.
SERVING = [
    {
        "Effect": "Allow",
        "Action": [
            "bedrock:CreateCustomModelDeployment",
            "bedrock:UpdateCustomModelDeployment",
            "bedrock:TagResource",
            "ssm:GetParameter",
        ],
        "Resource": "*",
    }
]


class StackFailedError(Exception):
    """CloudFormation could not create or delete a stack."""


@dataclass(frozen=True)
class Variant:
    """What a further deployment does differently from the original.

    `settings` are environment variables of its functions. With `approval_seconds` its runs wait that long for an
    approval. One that is not `guarded` has a reconciler that nothing calls. `concurrency` is how many calls of its
    functions Lambda lets run at a time; `leases_at_a_time` is how many candidates a run serves side by side. One that
    `serves_champion` has what the stack gives its reconciler for that.
    """

    name: str
    settings: Mapping[str, str]
    approval_seconds: int | None = None
    guarded: bool = True
    concurrency: int | None = None
    leases_at_a_time: int = 1
    serves_champion: bool = False


class FurtherEnvironments:
    """Makes and deletes further deployments."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._cloudformation = aws.client("cloudformation")
        self._s3 = aws.client("s3")
        self._endpoint = aws.endpoint
        self._s3.create_bucket(Bucket=TEMPLATES, CreateBucketConfiguration={"LocationConstraint": aws.region})
        self._templates = {stack: self._template(f"{ORIGINAL}-{stack}") for stack in STACKS}
        # One at a time: CloudFormation's work is the emulator's, which has one core at most.
        self._lock = threading.Lock()

    def create(self, variant: Variant) -> DeployedEnvironment:
        """Both stacks of a new deployment; raises StackFailedError."""
        outputs: dict[str, str] = {}
        for stack in STACKS:
            text = self._templates[stack].replace(ORIGINAL, variant.name)
            text = text.replace(ORIGINAL_IN_NAMES, f"{variant.name}pipeline")
            name = f"{variant.name}-{stack}"
            # A template of this size comes from S3.
            self._s3.put_object(Bucket=TEMPLATES, Key=name, Body=json.dumps(_varied(json.loads(text), variant)))
            with self._lock:
                self._cloudformation.create_stack(
                    StackName=name,
                    TemplateURL=f"{self._endpoint}/{TEMPLATES}/{name}",
                    Capabilities=["CAPABILITY_NAMED_IAM"],
                    Tags=[{"Key": "deployment", "Value": variant.name}],
                )
                description = self.wait(name, "CREATE")
            outputs |= {output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]}
        subscribe_reader(self._aws, outputs)
        if variant.concurrency is not None:
            ExecutionControl(self._aws.endpoint, self._aws.token).limit_concurrency(variant.name, variant.concurrency)
        return DeployedEnvironment(outputs["InputBucket"], outputs["OutputBucket"], outputs["StateMachineArn"])

    def delete(self, name: str) -> None:
        """Begin to delete a stack."""
        self._cloudformation.delete_stack(StackName=name)

    def wait(self, name: str, what: str) -> dict[str, Any]:
        """A stack's description once it is `<what>_COMPLETE` (empty where it is gone); raises StackFailedError."""
        deadline = time.monotonic() + SECONDS_TO_FINISH
        while time.monotonic() < deadline:
            description = self._description(name)
            if description is None:
                return {}
            if description["StackStatus"] == f"{what}_COMPLETE":
                return description
            if not description["StackStatus"].endswith("_IN_PROGRESS"):
                break
            time.sleep(POLL_SECONDS)
        else:
            raise StackFailedError(f"{name} is not {what}_COMPLETE within {SECONDS_TO_FINISH} s.")
        raise StackFailedError(f"{name}: {description['StackStatus']}: {description.get('StackStatusReason')}")

    def _description(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except self._cloudformation.exceptions.ClientError:
            return None
        return found

    def _template(self, name: str) -> str:
        body = self._cloudformation.get_template(StackName=name)["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)


def _varied(template: dict[str, Any], variant: Variant) -> dict[str, Any]:
    """The template with the variant's settings."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Lambda::Function":
                if variant.concurrency is not None:
                    # In so small an account nothing can be reserved.
                    properties.pop("ReservedConcurrentExecutions", None)
                variables = properties.get("Environment", {}).get("Variables", {})
                _vary_variables(variables, variant)
                if variant.serves_champion and "reconcile_throughput" in properties.get("Handler", ""):
                    variables |= {"SERVE_CHAMPION": "on_demand", "STACK_ID": {"Ref": "AWS::StackId"}}
            case "AWS::IAM::Policy" if variant.serves_champion and "/ReconcileThroughputRole/" in _path(resource):
                properties["PolicyDocument"]["Statement"] += SERVING
            case "AWS::StepFunctions::StateMachine":
                # The template holds its definition as one text.
                definition = json.loads(properties["DefinitionString"])
                _vary_approval(definition, variant)
                definition["States"]["ServeModels"]["MaxConcurrency"] = variant.leases_at_a_time
                properties["DefinitionString"] = json.dumps(definition)
            case "AWS::Events::Rule" if "/ThroughputGuard/" in resource["Metadata"]["aws:cdk:path"]:
                properties["State"] = "ENABLED" if variant.guarded else "DISABLED"
    return template


def _path(resource: Mapping[str, Any]) -> str:
    return str(resource["Metadata"]["aws:cdk:path"])


def _vary_variables(variables: dict[str, str], variant: Variant) -> None:
    variables |= {name: value for name, value in variant.settings.items() if name in variables}
    # All cases of a campaign run on one day.
    variables.pop("MAX_RUNS_PER_DAY", None)
    if variant.approval_seconds is not None and "DEPLOYMENT" in variables:
        variables["APPROVAL_HOURS"] = str(variant.approval_seconds / 3600)


def _vary_approval(definition: dict[str, Any], variant: Variant) -> None:
    if variant.approval_seconds is not None:
        for name in ("RequestApproval", "RequestCurationApproval"):
            request = definition["States"][name]
            request["TimeoutSeconds"] = variant.approval_seconds
            request["Parameters"]["Payload"]["timeout_seconds"] = variant.approval_seconds
