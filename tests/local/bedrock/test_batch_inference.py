"""The adapters of batch inference against the simulated Bedrock."""

from dataclasses import replace

import pytest

from lambdas.adapters.aws.batch_inference import BatchInference, BatchRequest
from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.adapters.aws.service_errors import Conflict, Refused
from lambdas.adapters.stores.batch_files import BatchFiles
from lambdas.domain.batch.batch_lines import BatchMessage, BatchQuestion, record_id
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import batch_name, batch_names_begin, bedrock_tags, client_request_token
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import BUCKET, HOUR, ROLE_ARN, Simulation

RUN_ID, PREFIX = "sales-0123456789ab", "runs/sales-0123456789ab/"
MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
QUESTIONS = [
    BatchQuestion(f"clean/{number}", "Be brief.", [BatchMessage("user", f"Say {number}.")], {"max_tokens": 60})
    for number in range(120)
]


def files(simulation: Simulation) -> BatchFiles:
    return BatchFiles(ObjectStore(simulation.s3))


def request(simulation: Simulation, number: int = 1) -> BatchRequest:
    """A job of the run with its questions stored."""
    return BatchRequest(
        name=batch_name("fine-tuning", RUN_ID, number),
        token=client_request_token(RUN_ID, "batch", number),
        role_arn=ROLE_ARN,
        model=MODEL,
        input_uri=files(simulation).write_questions(BUCKET, PREFIX, number, QUESTIONS),
        output_uri=files(simulation).output_uri(BUCKET, PREFIX, number),
        tags=bedrock_tags("fine-tuning", RUN_ID, "arn:aws:states:us-west-2:1:execution:x:y"),
    )


def test_questions_come_back_as_answers_by_our_ids(simulation: Simulation) -> None:
    batch = BatchInference(simulation.bedrock)
    arn = batch.start(request(simulation))
    found = batch.find(arn)
    assert found is not None
    assert (found.status, found.is_under_way, found.has_ended) == ("Submitted", True, False)
    simulation.clock.advance(2 * HOUR)
    found = batch.find(arn)
    assert found is not None
    assert (found.status, found.is_under_way, found.has_ended) == ("Completed", False, True)
    assert found.ended_at is not None
    answers = {each.record_id: each for each in files(simulation).read_answers(BUCKET, PREFIX, 1, arn)}
    assert answers.keys() == {record_id(question.id) for question in QUESTIONS}
    asked = simulation.runtime.converse(
        modelId=MODEL,
        system=[{"text": "Be brief."}],
        messages=[{"role": "user", "content": [{"text": "Say 7."}]}],
        inferenceConfig={"maxTokens": 60},
    )
    seventh = answers[record_id("clean/7")]
    assert seventh.text == asked["output"]["message"]["content"][0]["text"]
    assert (seventh.input_tokens, seventh.output_tokens) == (
        asked["usage"]["inputTokens"],
        asked["usage"]["outputTokens"],
    )


def test_a_job_is_started_once(simulation: Simulation) -> None:
    """A step that is repeated, or that comes with another request for the same job, pays for nothing twice."""
    batch, asked = BatchInference(simulation.bedrock), request(simulation)
    arn = batch.start(asked)
    assert batch.start(asked) == arn
    assert batch.start(replace(asked, timeout_hours=48)) == arn, "found by its name"
    with pytest.raises(ServiceBusy, match="does not list"):
        batch.start(replace(asked, name="other"))


def test_questions_of_a_job_that_may_have_begun_stay(simulation: Simulation) -> None:
    """Other ones in their place would get nobody's answers."""
    stored = files(simulation)
    uri = stored.write_questions(BUCKET, PREFIX, 1, QUESTIONS)
    before = simulation.s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}batch/b1/asks.jsonl")["Body"].read()
    assert stored.write_questions(BUCKET, PREFIX, 1, QUESTIONS[:3]) == uri
    assert simulation.s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}batch/b1/asks.jsonl")["Body"].read() == before


def test_jobs_under_way_are_listed_and_stopped(simulation: Simulation) -> None:
    batch = BatchInference(simulation.bedrock)
    first = batch.start(request(simulation, 1))
    simulation.clock.advance(2 * HOUR)
    second = batch.start(request(simulation, 2))
    [listed] = batch.list_running()
    assert (listed.arn, listed.name) == (second, batch_name("fine-tuning", RUN_ID, 2))
    assert [each.arn for each in batch.list_running(batch_names_begin("fine-tuning", RUN_ID))] == [second]
    assert batch.list_running("other") == []
    batch.stop(second)
    assert batch.list_running() == []
    for arn in (first, second):
        with pytest.raises(Conflict):
            batch.stop(arn)
    assert batch.find("arn:aws:bedrock:us-west-2:000000000000:model-invocation-job/aaaaaaaaaaaa") is None
    assert list(files(simulation).read_answers(BUCKET, PREFIX, 2, second)) == []


@pytest.mark.parametrize("settings", [SimulationSettings(undocumented_refusals="validation")])
def test_refusals_of_either_code_are_typed_alike(simulation: Simulation) -> None:
    """No document tells which code a job that has ended, or none, is refused with."""
    batch = BatchInference(simulation.bedrock)
    arn = batch.start(request(simulation))
    simulation.clock.advance(2 * HOUR)
    with pytest.raises(Conflict):
        batch.stop(arn)
    assert batch.find("arn:aws:bedrock:us-west-2:000000000000:model-invocation-job/aaaaaaaaaaaa") is None


def test_a_busy_and_a_refusing_bedrock_are_told_apart(simulation: Simulation) -> None:
    batch = BatchInference(simulation.bedrock)
    simulation.control("POST", "faults/x", [{"operation": "CreateModelInvocationJob", "kind": "throttle"}])
    with pytest.raises(ServiceBusy):
        batch.start(request(simulation))
    simulation.control("DELETE", "faults/x")
    with pytest.raises(Refused, match="Batch inference is not supported"):
        batch.start(replace(request(simulation), model="us.anthropic.claude-sonnet-5"))
