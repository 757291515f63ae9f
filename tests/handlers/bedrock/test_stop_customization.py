"""StopCustomization."""

import pytest

from lambdas.adapters.service_errors import Refused
from lambdas.handlers.stop_customization import handler

GET, STOP = "GetModelCustomizationJob", "StopModelCustomizationJob"


def test_a_job_whose_start_was_never_recorded_is_stopped(bedrock, run, job_description, expect, lambda_context):
    """The state has no `job` where the start's answer was lost, and yet the job bills for its training."""
    bedrock.answer(GET, job_description())
    bedrock.answer(GET, job_description(status="Stopping"))
    bedrock.answer(STOP)
    stopped = handler({"run": run, "failure": {"phase": "customization"}}, lambda_context)
    assert stopped == {"name": expect["name"], "status": "Stopping", "model_arn": None, "kept": False}
    assert bedrock.requests(STOP) == [{"jobIdentifier": expect["job_arn"]}]


def test_a_complete_job_keeps_its_model(bedrock, run, job_description, expect, lambda_context):
    """A failed baseline must not cost a trained model."""
    bedrock.answer(GET, job_description(status="Completed", outputModelArn=expect["model_arn"]))
    assert handler({"run": run}, lambda_context)["model_arn"] == expect["model_arn"]
    assert bedrock.requests(STOP) == []


def test_no_job_is_nothing_to_stop(bedrock, run, lambda_context):
    """The lane also serves runs whose start was refused."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    assert handler({"run": run}, lambda_context)["status"] is None


def test_a_job_that_ends_meanwhile_is_left_alone(bedrock, run, job_description, lambda_context):
    """Between the question and the stop the job may end: that is no failure of the clean-up."""
    bedrock.answer(GET, job_description())
    bedrock.answer(GET, job_description(status="Failed"))
    bedrock.refuse(STOP, "ConflictException", "already ended", status=409)
    assert handler({"run": run}, lambda_context)["status"] == "Failed"


def test_a_refused_stop_is_told(bedrock, run, job_description, lambda_context):
    """The explanation must not say that the job was stopped."""
    bedrock.answer(GET, job_description())
    bedrock.refuse(STOP, "AccessDeniedException", "not authorized")
    with pytest.raises(Refused, match="not authorized"):
        handler({"run": run}, lambda_context)


def test_a_job_that_the_settings_keep_trains_on(bedrock, run, plan, job_description, lambda_context):
    """The training may be worth more than the run that failed."""
    bedrock.answer(GET, job_description())
    stopped = handler({"run": run, "plan": {**plan, "keep_job": True}}, lambda_context)
    assert (stopped["status"], stopped["kept"]) == ("InProgress", True)
    assert bedrock.requests(STOP) == []
