"""What Bedrock says of a job's input, from its files to the report."""

import pytest

from lambdas.domain.report.assemble import assemble_failure
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.manifest import InputStatus, is_manifest, read_manifests
from tests.unit.run_states import make_job, make_jobs

HEADER = "totalProcessedRecordCount,acceptedRecordCount,rejectedRecordCount\n"


def test_all_files_of_a_job_are_added_up() -> None:
    """A validation set has a file of its own."""
    found = read_manifests([f"{HEADER}40,37,3\n".encode(), f"\ufeff{HEADER}8,8,0\n".encode()])
    assert found == InputStatus(records=48, rejected=3)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"some,other\n1,2\n", f"{HEADER}forty,,\n".encode()])
def test_a_file_of_another_form_says_nothing(content: bytes) -> None:
    """It must not cost the run its model, nor be told as no rejected record."""
    assert read_manifests([content]) is None


def test_the_files_are_known_by_their_place() -> None:
    """LIVE jobs have them in folders below input_status/."""
    root = "runs/r/customization/c1/model-customization-job-x"
    assert is_manifest(f"{root}/input_status/training/manifest.report.csv")
    assert not is_manifest(f"{root}/training_artifacts/manifest.report.csv")


def test_the_report_of_a_failed_run_tells_them() -> None:
    """Whoever looks for the cause looks there."""
    jobs = Jobs.parse(make_jobs(make_job(records=40, rejected_records=3)))
    training = assemble_failure(RunFacts("run", jobs=jobs), "EvaluationFailed", "No answers.").training
    assert (training.records, training.rejected_records) == (40, 3)
