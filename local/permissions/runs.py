"""Runs that need what the roles may do: each path of the pipeline, and the faults that lead to its rarer calls."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from local.checkout import CHECKOUT
from local.faults import dataset
from local.faults.bench import Bench
from local.faults.case import SUCCEEDED, Case
from local.faults.cases import all_cases
from local.faults.dataset import ALL_SERVED, BATCHED, CURATED, ON_DEMAND, PLAIN, SWEEP, DataSet
from local.faults.rules import QUOTA_IN_USE
from local.faults.run import SECONDS_TO_START
from local.permissions.deployed import STACKS

EXAMPLES = CHECKOUT / "examples"
# The example's gain is one of form; twice as many test groups as by default show it without doubt.
PROMOTED = {"split": {"test": 0.3}, "evaluation": {"gate": {"form_counts": True}}}
PURCHASES: Mapping[str, DataSet] = {"CreateProvisionedModelThroughput": PLAIN, "CreateCustomModelDeployment": ON_DEMAND}

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
    "sweep/quota-in-the-middle",
    "StopModelCustomizationJob/throttled-once",
    # The reconciler ends what a run leaves: a job, a throughput, a deployment, a model; and what outlives its lease.
    "StopExecution/WaitForJobs",
    "StopExecution/WaitForServing",
    "StopExecution/deployment-WaitForServing",
    "StopExecution/sweep-DiscardModels",
    # With its map's executions.
    "StopExecution/AnswerTestSet",
    # What it cannot end it tells, with what that costs an hour.
    "StopExecution+Delete/access-denied",
    "lease/throughput",
    # And the batch job of a curation.
    "batch/stop-in-WaitForBatch",
    # The run itself finds, and stops, the batch job that it has started or waits for.
    "batch-start/dropped-after-the-effect",
    "batch/endless-job",
    "batch/look-denied-for-ever",
    # The same for an evaluation's batch jobs.
    "batch-of-baselines/drop_after",
    "batch-of-judges/drop_after",
    # A person is shown what judges want removed.
    "curation/removal-reject",
    # ExplainFailure reads what the models have replied.
    "curation/teacher-refuses",
    # People are told each day what is kept.
    "standing/kept",
)


@dataclass(frozen=True)
class ShippedExample(DataSet):
    """The example that the demo runs, without a test set of its own."""

    def files(self, marker: str) -> dict[str, bytes]:
        """As a folder with its settings."""
        return {
            f"input/{marker}/run.json": json.dumps(self.settings).encode(),
            f"input/{marker}/train.jsonl": (EXAMPLES / "financial-tables.jsonl").read_bytes(),
        }


@dataclass(frozen=True)
class ShippedDocuments(DataSet):
    """The example whose records a teacher writes about documents beside them."""

    def files(self, marker: str) -> dict[str, bytes]:
        """As a folder, the training file last."""
        folder = EXAMPLES / "synthetic"
        found = sorted(
            (each for each in folder.rglob("*") if each.is_file()), key=lambda each: each.name == "train.jsonl"
        )
        return {f"input/{marker}/{each.relative_to(folder).as_posix()}": each.read_bytes() for each in found}


def cases(original: str) -> list[Case]:
    """The runs as cases, the promotion on the `original` environment; raises KeyError where a case has another name."""
    known = {case.name: case for case in all_cases()}
    settings = json.loads((EXAMPLES / "sweep-and-judges" / "run.json").read_text())
    judged = replace(SWEEP, settings={**SWEEP.settings, "evaluation": settings["evaluation"]})
    return [
        # Its model becomes the champion; its limit of runs in a day is the shipped one.
        Case("promotion", "none", dataset=ShippedExample(PROMOTED), deployment=original, ends_as=SUCCEEDED),
        Case("sweep with judges", "none", dataset=judged, ends_as=SUCCEEDED),
        # The state machine reads the candidates' list of shards.
        Case("all candidates served", "none", dataset=ALL_SERVED, ends_as=SUCCEEDED),
        Case("models check and write records", "none", dataset=CURATED, ends_as=SUCCEEDED),
        Case("a model writes about documents", "none", dataset=ShippedDocuments({}), ends_as=SUCCEEDED),
        Case("a batch job checks records", "none", dataset=BATCHED, ends_as=SUCCEEDED),
        # PurchaseThroughputOrDeploy gives its slot back meanwhile, and tells people.
        *(_quota_in_use(operation, dataset) for operation, dataset in PURCHASES.items()),
        *(known[name] for name in OF_FAULTS),
    ]


def _quota_in_use(operation: str, dataset: DataSet) -> Case:
    rule = QUOTA_IN_USE.model_copy(update={"operation": operation, "duration_seconds": 3600.0})
    return Case(f"{operation} waits for an hour", "quota", (rule,), dataset=dataset, injects=True, ends_as=SUCCEEDED)


def upload_beside(bench: Bench, environment: str) -> None:
    """What else is uploaded: a file that the data gate refuses, a folder that starts no run, and an access log."""
    bucket = bench.shared[environment].input_bucket
    for key in ("input/single.jsonl", "input/typo/trian.jsonl", "input/typo/test.json"):
        bench.s3.put_object(Bucket=bucket, Key=key, Body=b"{}\n")
    # In S3's place, which delivers none here.
    [stack] = bench.aws.client("cloudformation").describe_stacks(StackName=f"{environment}-data")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    bench.s3.put_object(Bucket=outputs["AccessLogsBucket"], Key="InputBucket/log", Body=b"")


def delete(bench: Bench, environment: str) -> None:
    """Delete an environment's stacks while a run is under way, as `make destroy` does."""
    deployed = bench.shared[environment]
    for key, body in PLAIN.files("deleted").items():
        bench.s3.put_object(Bucket=deployed.input_bucket, Key=key, Body=body)
    bench.until(lambda: bench.observer.executions_of(dataset.key("deleted")), SECONDS_TO_START)
    bench.observer.forget(deployed.state_machine)
    for stack in reversed(STACKS):
        bench.deployments.delete(f"{environment}-{stack}")
        bench.deployments.wait(f"{environment}-{stack}", "DELETE")
