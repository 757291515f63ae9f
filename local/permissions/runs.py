"""Runs that need what the roles may do: each path of the pipeline, and the faults that lead to its rarer calls."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from local.checkout import CHECKOUT
from local.embedded_aws import EmbeddedAws
from local.faults.bench import Bench
from local.faults.case import SUCCEEDED, Case
from local.faults.cases import all_cases
from local.faults.dataset import ON_DEMAND, SWEEP, DataSet

EXAMPLES = CHECKOUT / "examples"
JUDGES = ["us.anthropic.claude-haiku-4-5-20251001-v1:0", "us.amazon.nova-pro-v1:0"]
SECONDS_TO_END = 600

# Cases of `make faults`, and the calls that they are here for.
OF_FAULTS = (
    # A second execution asks what became of the first.
    "events/duplicate-event",
    # ExplainFailure reads what is stored of a run that has failed.
    "events/new-execution-of-a-failed-run",
    "events/two-runs-at-once",
    "approval/approve",
    "approval/reject",
    # A run with a given model.
    "go-on/ThroughputFailed",
    # CheckJobs stops a job, and tells people before.
    "stalled/job",
    # PurchaseThroughputOrDeploy looks at what uses the quota, and gives its slot back meanwhile.
    "busy/quota-of-CreateProvisionedModelThroughput",
    "busy/quota-of-CreateCustomModelDeployment",
    "sweep/quota-in-the-middle",
    "StopModelCustomizationJob/throttled-once",
    # The reconciler ends what a run leaves: a job, a throughput, a deployment, a model; and what outlives its lease.
    "StopExecution/WaitForJobs",
    "StopExecution/WaitForServing",
    "StopExecution/deployment-WaitForServing",
    "StopExecution/sweep-DiscardModels",
    "StopExecution/AcquireSlot",
    "lease/throughput",
)


@dataclass(frozen=True)
class ShippedExample(DataSet):
    """The example that the demo runs."""

    def files(self, marker: str) -> dict[str, bytes]:
        """As a folder with one file."""
        return {f"input/{marker}/train.jsonl": (EXAMPLES / "financial-tables.jsonl").read_bytes()}


def cases() -> list[Case]:
    """The runs as cases: those that succeed, then those with a fault. Raises KeyError where a case has another name."""
    known = {case.name: case for case in all_cases()}
    settings = json.loads((EXAMPLES / "sweep-and-judges" / "run.json").read_text())
    judged = replace(SWEEP, settings={**SWEEP.settings, "evaluation": settings["evaluation"]})
    succeeding = {"demo": ShippedExample({}), "on demand": ON_DEMAND, "sweep with judges": judged}
    return [
        *(Case(name, "none", dataset=dataset, ends_as=SUCCEEDED) for name, dataset in succeeding.items()),
        *(known[name] for name in OF_FAULTS),
    ]


def upload_beside(aws: EmbeddedAws, bench: Bench, environments: Sequence[str]) -> None:
    """What else is uploaded: a single file, which the data gate refuses, and an object that starts no run."""
    for name in environments:
        bucket = bench.shared[name].input_bucket
        for key in ("input/single.jsonl", "input/one/two/three.txt"):
            bench.s3.put_object(Bucket=bucket, Key=key, Body=b"{}\n")
