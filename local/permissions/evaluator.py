"""IAM's decision on one request, by `@cloud-copilot/iam-simulate` in a Node process beside this one.

The package knows the actions, resource types and condition keys of AWS's service authorization data: a request that
names another is an error. Why this package: docs/decisions/permissions-by-iam-simulate.md.
"""

import json
import subprocess
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, Self, TypedDict

from local.checkout import CHECKOUT
from local.permissions.request import AccessRequest, ContextValue

Outcome = Literal["allowed", "explicitDeny", "implicitDeny"]
SCRIPT = Path(__file__).with_name("evaluate.mjs")
# Kinds of policies, as a denial names them.
IDENTITY, RESOURCE, BOUNDARY = "identity-based policy", "resource-based policy", "permissions boundary"
KINDS = {"identityAnalysis": IDENTITY, "resourceAnalysis": RESOURCE, "permissionBoundaryAnalysis": BOUNDARY}
# Services whose resources' own policies must allow even their own account.
POLICY_REQUIRED = ("kms",)


class _Statement(TypedDict):
    kind: str
    policy: str
    number: int


class _Answer(TypedDict, total=False):
    """What the script answers: `error` alone, or the rest."""

    error: object
    decision: Outcome
    statements: list[_Statement]
    blockedBy: list[str]
    identity: bool
    ignored: list[str]


class EvaluatorError(Exception):
    """It cannot be decided: IAM does not know what the request names, a policy is invalid, or Node does not start."""


@dataclass(frozen=True)
class Policies:
    """What decides a request on one resource: policy documents in JSON, the role's by their names."""

    identity: tuple[tuple[str, str], ...] = ()
    boundary: str | None = None
    resource: str | None = None

    @cached_property
    def documents(self) -> dict[str, object]:
        """The policies as a simulation has them."""
        made: dict[str, object] = {
            "identityPolicies": [{"name": name, "policy": json.loads(text)} for name, text in self.identity]
        }
        if self.boundary is not None:
            made["permissionBoundaryPolicies"] = [{"name": "boundary", "policy": json.loads(self.boundary)}]
        if self.resource is not None:
            made["resourcePolicy"] = json.loads(self.resource)
        return made


@dataclass(frozen=True)
class DecisiveStatement:
    """A statement that allowed or denied: the kind and name of its policy, and its number in it, from 1."""

    kind: str
    policy: str
    number: int


@dataclass(frozen=True)
class AccessDecision:
    """IAM's answer on one resource. `statements` decided; where none allows, `refuser` is the kind that had to."""

    outcome: Outcome
    statements: tuple[DecisiveStatement, ...] = ()
    refuser: str = IDENTITY
    # Condition keys that the action does not have: IAM does not look at them.
    ignored: tuple[str, ...] = field(default=())

    @property
    def allowed(self) -> bool:
        """Whether the call may be made."""
        return self.outcome == "allowed"

    def reason(self, action: str) -> str:
        """The end of AWS's message on a denial."""
        if self.outcome == "explicitDeny":
            article = "an" if self.refuser == IDENTITY else "a"
            return f"with an explicit deny in {article} {self.refuser}"
        return f"because no {self.refuser} allows the {action} action"


class Evaluator:
    """A context manager with one Node process, started at the first question; decisions are kept by what was asked."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._kept: dict[tuple[object, ...], AccessDecision] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the Node process."""
        with self._asking:
            process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait()

    def decide(self, request: AccessRequest, resource: str, policies: Policies) -> AccessDecision:
        """The decision on one of the request's resources. Raises EvaluatorError."""
        context = tuple(sorted(request.context.items()))
        key = (request.principal_arn, request.action, resource, context, policies)
        with self._asking:
            found = self._kept.get(key)
            if found is None:
                found = self._kept[key] = self._ask(request, resource, context, policies)
        return found

    def _ask(
        self, request: AccessRequest, resource: str, context: Iterable[tuple[str, ContextValue]], policies: Policies
    ) -> AccessDecision:
        simulation = {
            "request": {
                "principal": request.principal_arn,
                "action": request.action,
                "resource": {"resource": resource, "accountId": request.account_of(resource)},
                "contextVariables": dict(context),
            },
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
            **policies.documents,
        }
        answer = self._answer(json.dumps(simulation))
        if "error" in answer:
            raise EvaluatorError(f"{request.action} on {resource} cannot be decided: {json.dumps(answer['error'])}.")
        statements = tuple(
            DecisiveStatement(KINDS[each["kind"]], each["policy"], each["number"]) for each in answer["statements"]
        )
        return AccessDecision(
            answer["decision"], statements, _refuser(answer, request.action), tuple(answer["ignored"])
        )

    def _answer(self, line: str) -> _Answer:
        process = self._started()
        if process.stdin is None or process.stdout is None:
            raise EvaluatorError("The evaluator's process has no pipes.")
        try:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            self._process = None
            raise EvaluatorError(
                f"The evaluator ended with exit status {process.wait()}: run make install, which installs its package."
            )
        told: _Answer = json.loads(answer)
        return told

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is None:
            try:
                # It ends with its input, and so with this process.
                self._process = subprocess.Popen(
                    ["node", SCRIPT],
                    cwd=CHECKOUT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            except OSError as error:
                raise EvaluatorError(f"Node, which decides on permissions, does not start: {error}.") from error
        return self._process


def _refuser(answer: _Answer, action: str) -> str:
    """The kind of policy that a denial is due to."""
    if answer["statements"]:
        return KINDS[answer["statements"][0]["kind"]]
    if "pb" in answer["blockedBy"]:
        return BOUNDARY
    required = action.partition(":")[0] in POLICY_REQUIRED
    return RESOURCE if required and answer["identity"] else IDENTITY
