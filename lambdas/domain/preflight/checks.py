"""The checks before anything is started, and their outcome: findings, each with what to do.

A check is a pure function of facts; the modules beside this one have those of each subject. A fact that AWS does not
give is `Unknown`: the check that needs it says so in a finding of its own, so that no check hides another.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.finding import Finding, Severity
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.cost.estimate import Estimate, EstimateSummary

Status = Literal["passed", "warning", "failed", "skipped"]
PreflightStatus = Literal["passed", "failed"]

# Below the limit on a handler's error (state_budget.py).
_LONGEST_MESSAGE = 4_500
# Of one finding in the message: Bedrock's own words in it can be long.
_LONGEST_FINDING = 1_000

# Each check and what it asks; docs/preflight.md has the same table.
CHECKS = {
    "model-exists": "Bedrock knows the base model in this Region.",
    "model-customizable": "Bedrock can fine-tune the base model.",
    "model-lifecycle": "The base model is ACTIVE: a legacy one takes no new job.",
    "region": "The catalogue lists this Region for fine-tuning the base model.",
    "serving": "A tuned model of this kind can be served as the run wants it.",
    "champion-serving": "Where the environment serves its champion by itself, a tuned model of this kind can be.",
    "custom-model": "The custom model that run.json names is Active, of this base model, and this environment's.",
    "hyperparameters": "The base model takes the hyperparameters in run.json: names, kinds and ranges.",
    "sweep-validation": "A sweep has a validation set, by whose loss the model is chosen.",
    "sweep-jobs": "A sweep has no more jobs than the environment allows, and more than one.",
    "sweep-grid": "The base model takes the values in a sweep's grid.",
    "curve-sizes": "A learning curve has sizes that data and base model allow, and can say what more data would add.",
    "curve-jobs": "A learning curve has no more candidates, over all sizes, than the environment allows.",
    "curve-validation": "The candidates of a learning curve have a validation loss, or all of them are served.",
    "compare": "Data sets that are compared have no more candidates than the environment allows, and all are tested.",
    "serve": "The candidates that run.json wants to be served are candidates of the run.",
    "test-groups": "The test set has enough groups for a gain that is not very large to promote the model.",
    "quota-jobs": "The account may run one more customization job now.",
    "quota-custom-models": "The account may keep the models of all of the run's jobs.",
    "quota-model-units": "The account may buy model units without commitment for all that the run serves at a time.",
    "quota-model-units-of-model": "A throughput of this base model may have so many model units.",
    "quota-deployments": "The account may deploy as many more custom models as the run serves at a time.",
    "time-limit": "Curation, its waits and serving of all candidates can end before the run's execution is cut off.",
    "bucket-region": "The input and the output bucket are in the job's Region.",
    "role-trusts-bedrock": "Bedrock may assume the customization role for jobs of this account and Region.",
    "role-can-be-passed": "StartJobs may pass the customization role to Bedrock.",
    "role-reads-dataset": "The customization role may read the run's training and validation sets.",
    "role-writes-output": "The customization role may write the job's output.",
    "key-usable": "The KMS key, where there is one, is enabled, and the job may use it.",
    "job-network": "The subnets and security groups of jobs, where there are any, are of one VPC with a way to S3.",
    "models-accessible": "The account may ask all models that answer, judge or curate for good.",
    "models-callable": "All models that answer, judge or curate answer a brief question.",
    "judge-families": "No judge is of the family of a model whose answers it compares.",
    "lambda-concurrency": "The account's Lambda concurrency has room for questions and what looks after the run.",
    "subscribers": "Somebody gets the topics' messages: results, the request for approval, and alarms.",
    "names-free": "No job, custom model, throughput or deployment of another run has this run's names.",
    "files-unchanged": "The files beside the training file are those that the run read: none came later or changed.",
    "prices": "The price file is complete, and knows the prices of all that the run uses.",
    "cost-cap": "The estimated cost is within the cap, where there is one.",
}


class Check(NamedTuple):
    """The outcome of one check: what was found, or why it was skipped; `busy` where AWS had no time to tell."""

    check: str
    findings: tuple[Finding, ...] = ()
    skipped: str | None = None
    busy: bool = False

    @property
    def status(self) -> Status:
        """The worst of its findings."""
        if self.skipped is not None:
            return "skipped"
        if any(finding.severity == "error" for finding in self.findings):
            return "failed"
        return "warning" if self.findings else "passed"

    @property
    def message(self) -> str:
        """What it asks where it passed, else why it did not."""
        return self.skipped or " ".join(finding.message for finding in self.findings) or CHECKS[self.check]


def fail(check: str, message: str, remedy: str, *, quota: str | None = None, successor: str | None = None) -> Check:
    """The outcome of a check that found one error."""
    finding = Finding(
        check=check, severity="error", message=message, remedy=remedy, quota_code=quota, successor=successor
    )
    return Check(check, (finding,))


def warn(check: str, message: str, remedy: str, *, quota: str | None = None, successor: str | None = None) -> Check:
    """The outcome of a check that found one warning."""
    finding = Finding(
        check=check, severity="warning", message=message, remedy=remedy, quota_code=quota, successor=successor
    )
    return Check(check, (finding,))


def report_unknown(check: str, unknown: Unknown, severity: Severity, remedy: str) -> Check:
    """The outcome of a check whose fact is unknown.

    An error where the problem would show only after money is spent, a warning where Bedrock itself refuses the start of
    the job, free of charge: docs/decisions/preflight-unmade-checks.md.
    """
    finding = Finding(
        check=check, severity=severity, message=f"This could not be checked: {unknown.reason}", remedy=remedy
    )
    return Check(check, (finding,), busy=unknown.busy)


def findings_of(checks: Sequence[Check]) -> list[Finding]:
    """All findings, errors first."""
    found = [finding for check in checks for finding in check.findings]
    return sorted(found, key=lambda finding: finding.severity != "error")


def has_failed(checks: Sequence[Check]) -> bool:
    """Whether an error stands in the run's way."""
    return any(check.status == "failed" for check in checks)


def is_undecided(checks: Sequence[Check]) -> bool:
    """Whether AWS was busy with a check, and nothing else stands in the way: asking again makes the check."""
    busy = any(check.busy for check in checks)
    return busy and all(check.busy for check in checks if check.status == "failed")


def preflight_key(prefix: str) -> str:
    """Where the outcome of a run's preflight is in the output bucket."""
    return f"{prefix}preflight.json"


class CheckOutcome(Fact):
    """A check in preflight.json."""

    check: str
    status: Status
    message: str


class PreflightDocument(Fact):
    """`preflight.json`: every check and finding; `estimate` is null where the run's cost is not known."""

    status: PreflightStatus
    checked_at: str
    checks: list[CheckOutcome]
    findings: list[Finding]
    estimate: Estimate | None


class PreflightResult(Fact):
    """`$.preflight`: where preflight.json is, and what later states need of it."""

    uri: str
    status: PreflightStatus
    warnings: int
    estimate: EstimateSummary | None


def document(checks: Sequence[Check], checked_at: str, estimate: Estimate | None) -> PreflightDocument:
    """The outcome of a preflight."""
    return PreflightDocument(
        status="failed" if has_failed(checks) else "passed",
        checked_at=checked_at,
        checks=[CheckOutcome(check=each.check, status=each.status, message=each.message) for each in checks],
        findings=findings_of(checks),
        estimate=estimate,
    )


def failure_message(findings: Sequence[Finding], uri: str) -> str:
    """What PreflightFailed says: each finding with its remedy, and how many more there are where they are too many."""
    errors = sum(finding.severity == "error" for finding in findings)
    first = f"The preflight found {counted(errors, 'error')} and {counted(len(findings) - errors, 'warning')}:"
    last = f"All of it: {uri}. Correct the errors, then upload the data set again."
    lines: list[str] = []
    room = _LONGEST_MESSAGE - len(first) - len(last)
    for number, finding in enumerate(findings):
        line = described(finding)
        room -= len(line) + 1
        # The line that says how many more takes some room, too.
        if room < 100 and number < len(findings):
            lines.append(f"- and {len(findings) - number} more")
            break
        lines.append(line)
    return "\n".join([first, *lines, last])


def described(finding: Finding) -> str:
    """A finding as one line."""
    quota = f" Quota code: {finding.quota_code}." if finding.quota_code else ""
    successor = f" Successor: {finding.successor}." if finding.successor else ""
    text = f"- {finding.check} ({finding.severity}): {finding.message}"
    room = _LONGEST_FINDING - len(finding.remedy) - len(quota) - len(successor)
    text = text if len(text) <= room else f"{text[:room]} …"
    return f"{text} {finding.remedy}{quota}{successor}"
