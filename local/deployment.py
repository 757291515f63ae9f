"""One deployment of the app on the embedded AWS, made by the same CDK CLI and the same app as on a real account."""

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.checkout import CHECKOUT
from local.embedded_aws import ACCOUNT, KEPT, EmbeddedAws, host_runtime
from stacks.assets import is_closed
from stacks.settings import CONTEXT_KEY

# What the demo and the tests tune unless they say otherwise: its throughput, which bills, is what has to be cleaned up.
DEMO_MODEL = "anthropic.claude-3-haiku-20240307-v1:0:200k"

# What the preflight recommends where the account can spare it.
RESERVED = 5
# The queue that gets the messages of the topics.
READER = "reader"
QUIET = ("--ci", "--no-color", "--no-notices", "--no-version-reporting")


@dataclass(frozen=True)
class DeployedEnvironment:
    """What a user needs to know of a deployment."""

    input_bucket: str
    output_bucket: str
    state_machine: str


def setting(name: str) -> str:
    """A setting of the checkout's deployment, from cdk.json."""
    return str(json.loads((CHECKOUT / "cdk.json").read_text())["context"][CONTEXT_KEY][name])


def deploy(
    aws: EmbeddedAws,
    *,
    base_model: str = DEMO_MODEL,
    max_concurrency: int = 2,
    further: Mapping[str, str] | None = None,
) -> DeployedEnvironment:
    """Bootstrap the embedded account and deploy all stacks in its Region; `further` are settings of cdk.json.

    Raises ProcessFailedError with the CDK CLI's last words.
    """
    settings = {
        **host_settings(aws),
        "base_model": base_model,
        "max_concurrency": str(max_concurrency),
        "reconciler_reserved_concurrency": str(RESERVED),
        # Claude 3 Haiku's prices of training and throughput are not known; nothing here bills.
        "accept_unknown_prices": "true",
        **(further or {}),
    }
    outputs = aws.temporary / "outputs.json"
    bootstrap(aws)
    run_cdk(aws, "deploy", settings, "--require-approval", "never", "--outputs-file", outputs)
    found = {name: value for stack in json.loads(outputs.read_text()).values() for name, value in stack.items()}
    subscribe_reader(aws, found)
    return DeployedEnvironment(
        input_bucket=found["InputBucket"],
        output_bucket=found["OutputBucket"],
        state_machine=found["StateMachineArn"],
    )


def host_settings(aws: EmbeddedAws) -> dict[str, str]:
    """The settings of any environment on an embedded AWS."""
    runtime, architecture = host_runtime()
    return {
        "region": aws.region,
        "lambda_runtime": runtime,
        "lambda_architecture": architecture,
        "layer_platform": "host",
        # Everything here ends with the embedded AWS; what is deployed is also what tests destroy.
        "keep_data": "false",
    }


def bootstrap(aws: EmbeddedAws) -> None:
    """What the CDK CLI needs in an account before it deploys."""
    # Outside the checkout: it would synthesize the app, which bootstrapping does not need.
    aws.run("cdk-bootstrap", ["cdk", "bootstrap", f"aws://{ACCOUNT}/{aws.region}", *QUIET], directory=aws.temporary)


def run_cdk(aws: EmbeddedAws, command: str, settings: Mapping[str, str], *words: str | Path) -> None:
    """The CDK CLI's command on all stacks of an environment with these settings; raises ProcessFailedError."""
    context = [word for name, value in settings.items() for word in ("--context", f"{CONTEXT_KEY}:{name}={value}")]
    _close_kept()
    app: list[str | Path] = ["--app", f"{sys.executable} app.py", "--output", KEPT / "cdk.out", *context]
    aws.run(f"cdk-{command}", ["cdk", command, "--all", *words, *QUIET, *app])


def subscribe_reader(aws: EmbeddedAws, outputs: Mapping[str, str]) -> None:
    """A queue gets what the topics among the stacks' outputs tell, as a person who has confirmed a subscription."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    url = sqs.create_queue(QueueName=READER)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for topic in ("ResultTopic", "AlarmTopic"):
        sns.subscribe(TopicArn=outputs[topic], Protocol="sqs", Endpoint=queue)


def _close_kept() -> None:
    """What is kept between runs is executed in them: where others could have changed it, it is made anew."""
    if KEPT.exists() and not is_closed(KEPT):
        shutil.rmtree(KEPT)
    KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
    KEPT.chmod(0o700)
