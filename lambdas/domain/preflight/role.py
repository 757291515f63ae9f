"""Checks of the role that Bedrock assumes for a job, of who passes it, and of the key."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple

from lambdas.domain.core.finding import Severity
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.preflight.checks import Check, fail, report_unknown, warn

TRUST, PASSED, READS, WRITES, KEY = (
    "role-trusts-bedrock",
    "role-can-be-passed",
    "role-reads-dataset",
    "role-writes-output",
    "key-usable",
)
_BEDROCK = "bedrock.amazonaws.com"
# CloudFormation leaves alone what its template does not change.
_DEPLOY = (
    "Undo what was changed since the last `cdk deploy`: drift detection of the data and the pipeline stack shows "
    "it, and cdk deploy sets only what is new in a template."
)
_GONE = (
    'Deploy again under another name (setting "deployment", cdk deploy), and destroy the old environment once its data '
    "is saved."
)
_SIMULATE = "Allow iam:SimulatePrincipalPolicy on the role, or check its policies by hand."

Policy = Mapping[str, Any]


class JobOrigin(NamedTuple):
    """Whose jobs the role is for: an account and Region, and the ARN of such a job."""

    account: str
    job_arn: str


class KeyState(NamedTuple):
    """A KMS key as DescribeKey tells it."""

    state: str
    usage: str
    spec: str


def trusts_bedrock(trust: Policy | Unknown | None, origin: JobOrigin) -> Check:
    """The check `role-trusts-bedrock`; None where there is no such role."""
    if isinstance(trust, Unknown):
        return report_unknown(TRUST, trust, "warning", "Allow iam:GetRole on the role.")
    if trust is None:
        return fail(TRUST, "The customization role does not exist.", _GONE)
    fits = {effect: [_fit(each, origin) for each in _about_bedrock(trust, effect)] for effect in ("Allow", "Deny")}
    if "yes" in fits["Deny"]:
        return fail(TRUST, "The role's trust policy denies bedrock.amazonaws.com to assume it.", _DEPLOY)
    if "yes" in fits["Allow"] and "unknown" not in fits["Deny"]:
        return Check(TRUST)
    if "unknown" in (*fits["Allow"], *fits["Deny"]):
        message = "The role's trust policy has conditions that cannot be judged before Bedrock assumes it."
        return warn(TRUST, message, f"See that they are met by {origin.job_arn} of account {origin.account}.")
    if fits["Allow"]:
        shut_out = f"{origin.job_arn} of account {origin.account}"
        return fail(TRUST, f"The conditions of the role's trust policy shut out jobs such as {shut_out}.", _DEPLOY)
    return fail(TRUST, "The role's trust policy does not let bedrock.amazonaws.com assume it.", _DEPLOY)


def allowed(check: str, denied: Sequence[str] | Unknown) -> Check:
    """The checks of what IAM simulates: `denied` are the actions and resources that policies do not allow."""
    if isinstance(denied, Unknown):
        # A job that may not write its output fails after it was trained; a reading or a passing is refused at once.
        severity: Severity = "error" if check in (WRITES, KEY) else "warning"
        return report_unknown(check, denied, severity, _SIMULATE)
    if not denied:
        return Check(check)
    return fail(check, f"IAM does not allow {'; '.join(denied)}.", f"{_DEPLOY} A permission boundary may deny it, too.")


def key_usable(key: KeyState | Unknown | None, denied: Sequence[str] | Unknown) -> Check:
    """The check `key-usable`: the key can encrypt, and IAM lets the role and the job's start use it."""
    if isinstance(key, Unknown):
        return report_unknown(KEY, key, "error", "Allow kms:DescribeKey on the key.")
    if key is None:
        return fail(KEY, "The environment's KMS key does not exist.", _GONE)
    if key.state != "Enabled":
        remedy = "Enable it, or cancel its deletion (aws kms cancel-key-deletion, aws kms enable-key)."
        return fail(KEY, f"The environment's KMS key is {key.state}.", remedy)
    if (key.usage, key.spec) != ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"):
        message = f"The environment's KMS key is for {key.usage} ({key.spec}), not for symmetric encryption."
        return fail(KEY, message, "Use a symmetric encryption key.")
    return allowed(KEY, denied)


def _about_bedrock(policy: Policy, effect: str) -> Iterator[Policy]:
    for statement in _listed(policy.get("Statement", [])):
        principal = statement.get("Principal", {})
        services = ["*"] if principal == "*" else _listed(principal.get("Service", []))
        actions = [str(action).lower() for action in _listed(statement.get("Action", []))]
        if (
            statement.get("Effect") == effect
            and any(service in ("*", _BEDROCK) for service in services)
            and any(_matches(action, "sts:assumerole") for action in actions)
        ):
            yield statement


def _fit(statement: Policy, origin: JobOrigin) -> Literal["yes", "no", "unknown"]:
    """Whether the statement's conditions are met by a job of this origin."""
    context = {"aws:sourceaccount": origin.account, "aws:sourcearn": origin.job_arn}
    fits = [
        _met(operator, _listed(wanted), context.get(key.lower()))
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    ]
    if False in fits:
        return "no"
    return "unknown" if None in fits else "yes"


def _met(operator: str, wanted: Sequence[Any], value: str | None) -> bool | None:
    if value is None:
        return None
    match operator.removesuffix("IfExists"):
        case "StringEquals":
            return value in wanted
        case "StringLike" | "ArnLike" | "ArnEquals":
            return any(_matches(str(pattern), value) for pattern in wanted)
        case _:
            return None


def _matches(pattern: str, value: str) -> bool:
    """IAM's wildcards: * is any text, ? any character."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _listed(value: Any) -> list[Any]:
    """IAM writes a list of one as the one."""
    return value if isinstance(value, list) else [value]
