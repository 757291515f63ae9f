"""What Step Functions does with a state machine's role is decided first: functions, a map's items and runs, topics.

A refusal fails the state under the error that Step Functions gives it, so that Retry and Catch see what they would see
on AWS. Which error a map run's start gives is told nowhere: here it is States.TaskFailed.
"""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import lambda_svc, stepfunctions

from local import patches
from local.permissions.calls import AwsCall, UnknownCallError
from local.permissions.guard import REFUSED, Guard
from local.permissions.request import AccessRequest, Origin, session_of

ORIGIN: Origin = "state machine"
STATES = "states.amazonaws.com"
NOT_TRUSTED = (
    f"Neither the global service principal {STATES}, nor the regional one is authorized to assume the provided role."
)
PUBLISH = "arn:aws:states:::sns:publish"


class StateMachineRole:
    """`apply` patches the imported ministack, after `local.execution_control`: what is refused is not held."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def apply(self) -> None:
        """Raises UnknownMinistackError where ministack is not as expected."""
        for name in ("_call_lambda", "_run_distributed_map", "_s3_object_text", "_SERVICE_DISPATCH"):
            patches._expect(stepfunctions, name)
        patches._require(PUBLISH in stepfunctions._SERVICE_DISPATCH, "stepfunctions._SERVICE_DISPATCH", PUBLISH)
        stepfunctions._call_lambda = self._calling(stepfunctions._call_lambda)
        stepfunctions._s3_object_text = self._reading(stepfunctions._s3_object_text)
        stepfunctions._run_distributed_map = self._mapping(stepfunctions._run_distributed_map)
        stepfunctions._SERVICE_DISPATCH[PUBLISH] = self._publishing(stepfunctions._SERVICE_DISPATCH[PUBLISH])

    def _calling(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def call_if_allowed(function: str, event: Any) -> Any:
            record, _, _ = lambda_svc._get_func_record_for_ref(function)
            if record:
                arn = record["config"]["FunctionArn"]
                self._require("Lambda.AWSLambdaException", "lambda", "Invoke", FunctionName=arn)
            return call(function, event)

        return call_if_allowed

    def _reading(self, read: Callable[..., str]) -> Callable[..., str]:
        def read_if_allowed(bucket: str, key: str) -> str:
            self._require("States.ItemReaderFailed", "s3", "GetObject", Bucket=bucket, Key=key)
            return read(bucket, key)

        return read_if_allowed

    def _publishing(self, publish: Callable[..., Any]) -> Callable[..., Any]:
        def publish_if_allowed(resource: str, data: dict[str, Any]) -> Any:
            self._require("SNS.AuthorizationErrorException", "sns", "Publish", **data)
            return publish(resource, data)

        return publish_if_allowed

    def _mapping(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def run_if_allowed(state: Any, data: Any, effective: Any, iterator: Any, execution: Any, context: Any) -> Any:
            machine = execution["stateMachineArn"]
            self._require("States.TaskFailed", "stepfunctions", "StartExecution", stateMachineArn=machine)
            child = f"{machine.replace(':stateMachine:', ':execution:')}/{state.get('Label', new_uuid())}:{new_uuid()}"
            self._require("States.TaskFailed", "stepfunctions", "DescribeExecution", executionArn=child)
            try:
                return run(state, data, effective, iterator, execution, context)
            except patches.ExecutionStoppedError:
                # Its children end with it in any case here.
                self._denial("stepfunctions", "StopExecution", executionArn=child)
                raise

        return run_if_allowed

    def _require(self, error: str, service: str, operation: str, **parameters: Any) -> None:
        if message := self._denial(service, operation, **parameters):
            raise stepfunctions._ExecutionError(error, message)

    def _denial(self, service: str, operation: str, **parameters: Any) -> str | None:
        """Why the role of the current execution's state machine may not; None where it may.

        Raises States.Runtime, which a definition cannot retry, where nobody can decide.
        """
        call = AwsCall(service, operation, parameters, get_region(), get_account_id())
        try:
            return self._decided(call)
        except REFUSED as error:
            raise stepfunctions._ExecutionError("States.Runtime", f"{type(error).__name__}: {error}") from error

    def _decided(self, call: AwsCall) -> str | None:
        execution = patches.current_execution()
        if execution is None:
            error = UnknownCallError(f"{call.service}'s {call.operation} is called in the name of no known execution.")
            self._guard.undecided(AccessRequest(STATES, f"{call.service}:{call.operation}", ("*",), {}, ORIGIN), error)
            raise error
        machine = stepfunctions._state_machines.get(execution["stateMachineArn"])
        if machine is None:
            # Its executions end with a state machine that is deleted; what they still ask is no fault of the policies.
            raise UnknownCallError(f"The state machine {execution['stateMachineArn']} is deleted.")
        role = machine["roleArn"]
        if not self._guard.may_assume(STATES, role, machine["stateMachineArn"], ORIGIN):
            return NOT_TRUSTED
        refused = self._guard.denial_of(call, session_of(role, execution["name"]), ORIGIN)
        return refused.message if refused else None
