"""An embedded AWS without a deployment, for the tests of what its patches promise."""

import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest

from local.embedded_aws import ACCOUNT, EmbeddedAws, host_runtime

ROLE = f"arn:aws:iam::{ACCOUNT}:role/test"


@dataclass
class Sandbox:
    """Makes functions and state machines, and runs executions to their end."""

    aws: EmbeddedAws

    def __post_init__(self) -> None:
        self.states = self.aws.client("stepfunctions")
        self._made = 0

    def function(self, source: str, *, megabytes: int = 128) -> str:
        """The ARN of a Lambda function with this source of `handler(event, context)`, traced as the stack's are."""
        code = BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("index.py", source)
        made = self.aws.client("lambda").create_function(
            FunctionName=self._name("function"),
            Runtime=host_runtime()[0],
            Role=ROLE,
            Handler="index.handler",
            Code={"ZipFile": code.getvalue()},
            Timeout=20,
            MemorySize=megabytes,
            TracingConfig={"Mode": "Active"},
        )
        return str(made["FunctionArn"])

    def state_machine(self, definition: dict[str, Any], role: str = ROLE) -> str:
        """The ARN of a state machine; a definition without a `StartAt` starts at its first state."""
        definition = {"StartAt": next(iter(definition["States"])), **definition}
        made = self.states.create_state_machine(
            name=self._name("machine"), definition=json.dumps(definition), roleArn=role
        )
        return str(made["stateMachineArn"])

    def start(self, definition: dict[str, Any], data: object = None, role: str = ROLE) -> str:
        """The ARN of a new execution of a new state machine."""
        machine = self.state_machine(definition, role)
        return str(self.states.start_execution(stateMachineArn=machine, input=json.dumps(data or {}))["executionArn"])

    def end_of(self, execution: str) -> dict[str, Any]:
        """The execution's description once it has ended."""
        return dict(
            self.until(
                lambda: self.states.describe_execution(executionArn=execution), lambda it: it["status"] != "RUNNING"
            )
        )

    def run(self, definition: dict[str, Any], data: object = None, role: str = ROLE) -> dict[str, Any]:
        """A new execution's description once it has ended."""
        return self.end_of(self.start(definition, data, role))

    def entered(self, execution: str) -> list[str]:
        """The names of the states that the execution has entered, in order."""
        events = self.states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        return [event["stateEnteredEventDetails"]["name"] for event in events if event["type"].endswith("StateEntered")]

    def until(self, ask: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
        """The first answer that is enough; fails after half a minute."""
        deadline = time.monotonic() + 30
        while not enough(answer := ask()):
            assert time.monotonic() < deadline, f"still {answer}"
            time.sleep(0.05)
        return answer

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made}"


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with EmbeddedAws(tmp_path_factory.mktemp("embedded-aws"), enforces_permissions=False) as aws:
        yield Sandbox(aws)


def make_role(aws: EmbeddedAws, name: str, *statements: dict[str, Any]) -> str:
    """The ARN of a role with these statements that any service may assume."""
    iam = aws.client("iam")
    services = [f"{service}.amazonaws.com" for service in ("lambda", "states", "events", "bedrock")]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
    iam.put_role_policy(RoleName=name, PolicyName="it", PolicyDocument=policy(*statements))
    return str(made["Role"]["Arn"])


def policy(*statements: dict[str, Any]) -> str:
    """The document with these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
