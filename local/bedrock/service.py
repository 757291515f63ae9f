"""The HTTP service: takes a request through routing, faults, the model's check and the operation, and logs the call."""

import json
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.model import OperationModel
from pydantic import ValidationError as RulesError
from werkzeug.wrappers import Request, Response

from local.bedrock import validation
from local.bedrock.batch_jobs import BatchJob, BatchJobs
from local.bedrock.call_log import CallLog, digest_asked, texts_of
from local.bedrock.caller import Caller, NoWorkerError
from local.bedrock.clock import SimulationClock
from local.bedrock.contract import contract, iso8601
from local.bedrock.custom_model_deployments import Deployment, Deployments
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.customization_jobs import CustomizationJob, CustomizationJobs
from local.bedrock.errors import BedrockError, InternalError, UndocumentedError, UnsupportedOperationError
from local.bedrock.faults import FAULT_LIST, Call, Fault, FaultKind, Faults, error_of
from local.bedrock.foundation_models import SimulatedFoundationModels
from local.bedrock.lags import Lags
from local.bedrock.model_access import AccessToModels
from local.bedrock.model_key import check_key
from local.bedrock.models.curator import curator_errors
from local.bedrock.on_demand_quotas import OnDemandQuotas
from local.bedrock.provisioned_throughput import Throughput, Throughputs
from local.bedrock.resources import without_nones
from local.bedrock.resources_seen_by_iam import ResourcesSeenByIam
from local.bedrock.runtime import Runtime
from local.bedrock.service_quotas import ServiceQuotas
from local.bedrock.service_role import AnyRole, ServiceRoles
from local.bedrock.settings import SimulationSettings
from local.bedrock.tags import Tags

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

Operation = Callable[[dict[str, Any]], dict[str, Any]]
# A list with its request, and of which moment it shows what has a certain name.
ListOperation = Callable[[dict[str, Any], Callable[[str], float]], dict[str, Any]]
Resource = CustomizationJob | BatchJob | CustomModel | Throughput | Deployment
# Where a request names the resource that it is about, and where a response names the one that was made.
IDENTIFIERS = (
    "jobIdentifier",
    "provisionedModelId",
    "customModelDeploymentIdentifier",
    "modelIdentifier",
    "modelId",
    "resourceARN",
    "QuotaCode",
)
CONTROL_PATH = "/_simulation/"
FAULTS_PATH = "/_simulation/faults"
# What a Get answers instead of the truth, by the fault's kind; None leaves a member out.
FAILED: dict[str, Any] = {"status": "Failed", "failureMessage": "It failed by a fault rule of the simulation."}
STALE: dict[FaultKind, dict[str, dict[str, Any]]] = {
    FaultKind.STUCK: {
        "GetModelCustomizationJob": {"status": "InProgress", "endTime": None, "outputModelArn": None},
        "GetModelInvocationJob": {"status": "InProgress", "endTime": None},
        "GetProvisionedModelThroughput": {"status": "Creating"},
        "GetCustomModelDeployment": {"status": "Creating"},
    },
    FaultKind.FAILED: {
        "GetModelCustomizationJob": {**FAILED, "outputModelArn": None},
        "GetModelInvocationJob": {"status": "Failed", "message": FAILED["failureMessage"]},
        "GetProvisionedModelThroughput": FAILED,
        "GetCustomModelDeployment": FAILED,
    },
}
ARN = re.compile(
    r"arn:aws:bedrock:[\w-]+:[0-9]{12}:"
    r'(?:(?:provisioned-model|custom-model-deployment|model-invocation-job)/\w+|(?:model-customization-job|custom-model)/[^/\s"]+/\w+)'
)
# What a fault may hold up or break once it has begun.
BEGIN = ("CreateModelCustomizationJob", "CreateModelInvocationJob", "UpdateCustomModelDeployment")
MADE = ("jobArn", "provisionedModelArn", "customModelDeploymentArn")
# Batch jobs do not use up what is asked on demand.
UNMETERED = {"on_demand_requests_per_minute": None, "on_demand_tokens_per_day": None}
# The kinds of faults that let a call take effect first.
COME_LATER = (
    FaultKind.ERROR_AFTER,
    FaultKind.DROP_AFTER,
    FaultKind.KILL_AFTER,
    FaultKind.SLOW_AFTER,
    FaultKind.TIMEOUT_AFTER,
    *STALE,
)


@dataclass
class _Outcome:
    """What a call came to, for the log."""

    operation: str
    status: int | None = None
    resource: str | None = None
    error: str | None = None
    asked: str | None = None


class SimulatedBedrock:
    """A WSGI application with the state of one account in one Region.

    `executor` runs trainings; `s3` is where training data is read and metrics are written, with what `roles` allow.
    """

    def __init__(
        self,
        settings: SimulationSettings,
        clock: SimulationClock,
        s3: "S3Client",
        executor: Executor,
        calls: CallLog,
        faults: list[Fault],
        roles: ServiceRoles | None = None,
    ) -> None:
        self._clock = clock
        self._calls = calls
        self._faults = Faults(clock, settings.time_scale, faults)
        self._contract = contract()
        # One lock for all state: operations are short; trainings and answers run outside of it.
        self._lock = threading.Lock()
        self._lags = Lags(settings, clock, self._faults)
        self._refuses_as_validation = settings.undocumented_refusals == "validation"
        self._tags = tags = Tags(clock, self._lags)
        self._foundation_models = SimulatedFoundationModels(settings)
        self._custom_models = CustomModels(settings, clock, self._foundation_models, tags)
        self._settings, self._roles = settings, roles or AnyRole(s3)
        self._jobs = CustomizationJobs(
            settings, clock, s3, executor, self._foundation_models, self._custom_models, tags, self._roles
        )
        quotas = ServiceQuotas(settings, self._foundation_models)
        self._throughputs = Throughputs(settings, clock, self._foundation_models, self._custom_models, tags)
        self._deployments = Deployments(settings, clock, self._custom_models, tags)
        access = AccessToModels(settings, clock)

        def runtime(quotas: OnDemandQuotas) -> Runtime:
            return Runtime(
                self._foundation_models,
                self._throughputs,
                self._deployments,
                self._custom_models,
                access,
                quotas,
                settings.answer_forms,
                curator_errors(settings),
            )

        self._runtime = runtime(OnDemandQuotas(settings, clock))
        self._batch_jobs = BatchJobs(
            settings,
            clock,
            executor,
            runtime(OnDemandQuotas(settings.model_copy(update=UNMETERED), clock)),
            tags,
            self._roles,
        )
        # How the resource is found that a member of a request names by ARN, id or name.
        self._found_by: dict[str, Callable[[str], Resource | None]] = {
            "jobIdentifier": lambda identifier: self._jobs.find(identifier) or self._batch_jobs.find(identifier),
            "provisionedModelId": self._throughputs.find,
            "modelId": self._throughputs.find,
            "customModelDeploymentIdentifier": self._deployments.find,
            "modelIdentifier": self._custom_models.find,
        }
        self._seen_by_iam = ResourcesSeenByIam(
            self._jobs, self._batch_jobs, self._custom_models, self._throughputs, self._deployments, tags
        )
        self._operations: dict[str, Operation] = {
            "CreateModelCustomizationJob": self._jobs.create,
            "GetModelCustomizationJob": self._jobs.get,
            "ListModelCustomizationJobs": self._lagging(self._jobs.list_jobs),
            "StopModelCustomizationJob": self._jobs.stop,
            "CreateModelInvocationJob": self._batch_jobs.create,
            "GetModelInvocationJob": self._batch_jobs.get,
            "ListModelInvocationJobs": self._lagging(self._batch_jobs.list_jobs),
            "StopModelInvocationJob": self._batch_jobs.stop,
            "GetCustomModel": self._custom_models.get,
            "ListCustomModels": self._lagging(self._custom_models.list_models),
            "DeleteCustomModel": self._custom_models.delete,
            "CreateProvisionedModelThroughput": self._throughputs.create,
            "GetProvisionedModelThroughput": self._throughputs.get,
            "UpdateProvisionedModelThroughput": self._throughputs.update,
            "ListProvisionedModelThroughputs": self._lagging(self._throughputs.list_throughputs),
            "DeleteProvisionedModelThroughput": self._throughputs.delete,
            "CreateCustomModelDeployment": self._deployments.create,
            "GetCustomModelDeployment": self._deployments.get,
            "UpdateCustomModelDeployment": self._deployments.update,
            "ListCustomModelDeployments": self._lagging(self._deployments.list_deployments),
            "DeleteCustomModelDeployment": self._deployments.delete,
            "GetFoundationModel": self._foundation_models.get,
            "GetFoundationModelAvailability": access.tell,
            "ListFoundationModels": self._foundation_models.list_models,
            "ListServiceQuotas": quotas.list_applied,
            "GetServiceQuota": quotas.get_applied,
            "ListAWSDefaultServiceQuotas": quotas.list_defaults,
            "GetAWSDefaultServiceQuota": quotas.get_default,
            "ListTagsForResource": tags.list_tags,
            "TagResource": tags.tag,
            "UntagResource": tags.untag,
        }

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """WSGI."""
        request = Request(environ)
        # All of the body is read before anything else, so that the connection can be used again after an error.
        request.get_data(cache=True)
        try:
            response = self._control(request) if request.path.startswith(CONTROL_PATH) else self._serve(request)
        except _DroppedError:
            _close(request)
            raise
        response.headers["x-simulated-service"] = "bedrock"
        response.headers["x-amzn-requestid"] = str(uuid.uuid4())
        return response(environ, start_response)

    # --- Bedrock's own interface --------------------------------------------------------------------------------------

    def _serve(self, request: Request) -> Response:
        received = self._clock.now()
        outcome = _Outcome(operation="Unknown")
        try:
            response = self._answer(request, outcome)
        except BedrockError as error:
            response = self._contract.respond_error(error.code, error.message)
            outcome.error = error.code
        except _DroppedError as drop:
            self._log(received, outcome, f"ConnectionDropped: {drop}")
            raise
        outcome.status = response.status_code
        self._log(received, outcome, outcome.error)
        return response

    def _log(self, received: float, outcome: _Outcome, error: str | None) -> None:
        self._calls.append(
            time=received,
            operation=outcome.operation,
            status=outcome.status,
            resource=outcome.resource,
            error=error,
            asked=outcome.asked,
        )

    def _answer(self, request: Request, outcome: _Outcome) -> Response:
        operation, labels = self._contract.match(request)
        outcome.operation = operation.name
        with self._lock:
            self._refresh()
            outcome.resource = self._resolved(labels)
        caller = Caller.of(request)
        call = Call(operation.name, self._text(request), caller.name)
        fault = self._faults.count(call)
        if fault is not None:
            self._apply_before(fault, operation.name, caller)
        params = self._contract.parse(operation, labels, request)
        if outcome.resource is None:
            outcome.resource = next((params[key] for key in IDENTIFIERS if isinstance(params.get(key), str)), None)
        if operation.input_shape is not None:
            validation.check(operation.input_shape, params)
        if operation.name == "Converse":
            outcome.asked = digest_asked(params["modelId"], texts_of(params))
        stale = STALE.get(fault.kind, {}).get(operation.name, {}) if fault else {}
        try:
            response = self._operate(operation, params, outcome, stale)
        except UndocumentedError as refusal:
            if self._refuses_as_validation or self._faults.refuses_as_validation(call):
                raise refusal.as_validation() from refusal
            raise
        if operation.name in BEGIN:
            self._hold_up(outcome.resource, self._faults.of_what_begins(call))
        if fault is not None:
            self._apply_after(fault, operation.name, caller)
        return response

    def _operate(
        self, operation: OperationModel, params: dict[str, Any], outcome: _Outcome, stale: Mapping[str, Any]
    ) -> Response:
        if operation.name in ("InvokeModel", "Converse", "CountTokens"):
            return self._infer(operation, params)
        operate = self._operations.get(operation.name)
        if operate is None:
            raise UnsupportedOperationError(f"The simulated Bedrock has no operation {operation.name}.")
        # Without the lock: who decides what the role may do asks this service about other calls meanwhile.
        if operation.name == "CreateModelCustomizationJob":
            self._jobs.check_role(params)
        if operation.name == "CreateModelInvocationJob":
            self._batch_jobs.check_role(params)
        if operation.name == "CreateProvisionedModelThroughput":
            with self._lock:
                key = self._throughputs.key_used(params)
            if key is not None:
                check_key(self._roles, key, self._settings)
        with self._lock:
            output = operate(params)
        if stale:
            output = without_nones({**output, **stale})
        outcome.resource = next((output[key] for key in MADE if key in output), outcome.resource)
        return self._contract.respond(operation, output)

    def _infer(self, operation: OperationModel, params: dict[str, Any]) -> Response:
        with self._lock:
            model = self._runtime.resolve(params["modelId"], operation.name)
        if operation.name == "Converse":
            return self._contract.respond(operation, self._runtime.converse(model, params))
        if operation.name == "CountTokens":
            return self._contract.respond(operation, self._runtime.count_tokens(model, params))
        invocation = self._runtime.invoke(model, params["body"])
        response = self._contract.respond(operation, {"body": invocation.body, "contentType": "application/json"})
        response.headers.update(invocation.headers)
        return response

    def _lagging(self, operation: ListOperation) -> Operation:
        return lambda params: operation(params, self._lags.listed_at)

    def _refresh(self) -> None:
        self._jobs.refresh()
        self._batch_jobs.refresh()
        self._throughputs.refresh()
        self._deployments.refresh()

    def _resolved(self, labels: Mapping[str, str]) -> str | None:
        """The ARN of the resource that the path names, where there is one; else what the path says."""
        key = next((key for key in IDENTIFIERS if key in labels), None)
        if key is None:
            return None
        find = self._found_by.get(key)
        found = find(labels[key]) if find else None
        return found.arn if found else labels[key]

    def _hold_up(self, arn: str | None, kinds: set[FaultKind]) -> None:
        with self._lock:
            deployment = self._deployments.find(arn) if arn else None
            if deployment is not None and deployment.update is not None:
                deployment.update.is_endless |= FaultKind.ENDLESS in kinds
                deployment.update.is_broken |= FaultKind.BROKEN in kinds
            job = (self._jobs.find(arn) or self._batch_jobs.find(arn)) if arn else None
            if job is not None:
                job.is_endless |= FaultKind.ENDLESS in kinds
                job.is_stalled |= FaultKind.STALLED in kinds
                job.is_broken |= FaultKind.BROKEN in kinds

    # --- Faults -------------------------------------------------------------------------------------------------------

    def _text(self, request: Request) -> str:
        """All that a rule's `match` may occur in: path, query, body, and the names behind the ARNs in them."""
        text = f"{request.full_path}\n{request.get_data(as_text=True)}"
        with self._lock:
            names = [self._tags.name_of(arn) for arn in ARN.findall(text)]
        return "\n".join([text, *filter(None, names)])

    def _apply_before(self, fault: Fault, operation: str, caller: Caller) -> None:
        if fault.kind is FaultKind.SLOW:
            time.sleep(fault.delay_seconds)
        elif fault.kind is FaultKind.HOLD:
            self._faults.wait_until_released(fault)
        elif fault.kind is FaultKind.DROP_BEFORE:
            raise _DroppedError("before the effect")
        elif fault.kind is FaultKind.KILL_BEFORE:
            raise _ended(caller.kill, "before the effect, the caller was killed")
        elif fault.kind not in COME_LATER and (error := error_of(fault, operation)):
            raise error

    def _apply_after(self, fault: Fault, operation: str, caller: Caller) -> None:
        if fault.kind is FaultKind.SLOW_AFTER:
            time.sleep(fault.delay_seconds)
        elif fault.kind is FaultKind.DROP_AFTER:
            raise _DroppedError("after the effect")
        elif fault.kind is FaultKind.KILL_AFTER:
            raise _ended(caller.kill, "after the effect, the caller was killed")
        elif fault.kind is FaultKind.TIMEOUT_AFTER:
            time.sleep(fault.delay_seconds)
            raise _ended(caller.time_out, "after the effect, the caller's timeout was over")
        elif fault.kind is FaultKind.ERROR_AFTER and (error := error_of(fault, operation)):
            raise error

    # --- The simulation's own interface -------------------------------------------------------------------------------

    def _control(self, request: Request) -> Response:
        if request.method == "GET" and request.path == "/_simulation/state":
            return _json(self._state())
        if request.method == "GET" and request.path == "/_simulation/resource":
            return _json(self._resource(request))
        collection, _, name = request.path.partition(f"{FAULTS_PATH}/")
        if request.path == FAULTS_PATH or (not collection and name):
            return self._control_faults(request, name)
        return _json({"message": f"No route {request.method} {request.path}"}, status=404)

    def _control_faults(self, request: Request, name: str) -> Response:
        """All rules, or with a name one set of them, which has counts of its own; `<name>/release` lets calls go on."""
        name, _, release = name.partition("/")
        if release:
            if (request.method, release) != ("POST", "release"):
                return _json({"message": f"No route {request.method} {request.path}"}, status=404)
            self._faults.release(name)
            return _json({})
        if request.method == "GET":
            faults = [fault.model_dump(mode="json") for fault in self._faults.rules]
            return _json({"hits": self._faults.hits(name)} if name else faults)
        if request.method not in ("POST", "DELETE"):
            return _json({"message": f"No route {request.method} {request.path}"}, status=404)
        try:
            rules = FAULT_LIST.validate_json(request.get_data()) if request.method == "POST" else []
        except RulesError as error:
            return _json({"message": str(error)}, status=400)
        if name:
            self._faults.put(name, rules)
        else:
            self._faults.replace(rules)
        return _json({})

    def _state(self) -> dict[str, Any]:
        """What exists now, not counted as calls and not touched by faults: for progress displays and for harnesses."""
        with self._lock:
            self._refresh()
            now, everything = self._clock.now(), {"maxResults": 1000}
            lists: dict[str, tuple[ListOperation, str]] = {
                "jobs": (self._jobs.list_jobs, "modelCustomizationJobSummaries"),
                "batch_jobs": (self._batch_jobs.list_jobs, "invocationJobSummaries"),
                "custom_models": (self._custom_models.list_models, "modelSummaries"),
                "provisioned_throughputs": (self._throughputs.list_throughputs, "provisionedModelSummaries"),
                "custom_model_deployments": (self._deployments.list_deployments, "modelDeploymentSummaries"),
            }
            return {name: listed(everything, lambda _: now)[key] for name, (listed, key) in lists.items()}

    def _resource(self, request: Request) -> dict[str, Any] | None:
        with self._lock:
            self._refresh()
            return self._seen_by_iam.tell(request.args["kind"], request.args["identifier"])


class _DroppedError(ConnectionResetError):
    """A fault closes the connection without an answer; the server ends such a connection quietly."""


def _ended(end: Callable[[], None], how: str) -> Exception:
    try:
        end()
    except (NoWorkerError, OSError) as error:
        return InternalError(f"The caller could not be killed: {error}")
    return _DroppedError(how)


def _close(request: Request) -> None:
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value, default=iso8601), status=status, mimetype="application/json")
