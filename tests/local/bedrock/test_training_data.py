"""What a job reads: the record formats of Nova and Llama, and what makes it fail beside a wrong record of Claude's."""

from typing import Any

import pytest

from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import BUCKET, Simulation, conversation, prompt_completion, rows

NOVA_LITE = "amazon.nova-lite-v1:0:300k"
NOVA_2_LITE = "amazon.nova-2-lite-v1:0:256k"
LLAMA_3_1 = "meta.llama3-1-8b-instruct-v1:0:128k"
LLAMA_3_3 = "meta.llama3-3-70b-instruct-v1:0:128k"


def train(simulation: Simulation, base_model: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    uri = simulation.upload("records.jsonl", records)
    return simulation.complete_job(baseModelIdentifier=base_model, trainingDataConfig={"s3Uri": uri})


def conversations(count: int) -> list[dict[str, Any]]:
    return [conversation(row) for row in rows(count)]


def prompts(count: int) -> list[dict[str, Any]]:
    return [dict(prompt_completion(row)) for row in rows(count)]


class TestNova:
    """Where Nova is tuned."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(region="us-east-1")

    @pytest.mark.assumption("data-limits-of-nova", "data-minimum-of-nova-2-lite", "data-format-of-nova")
    @pytest.mark.parametrize("base_model", [NOVA_LITE, NOVA_2_LITE])
    def test_eight_records_are_the_least(self, simulation: Simulation, base_model: str) -> None:
        """A set of seven fails after an hour of waiting."""
        for number, (count, status) in enumerate([(7, "Failed"), (8, "Completed")]):
            uri = simulation.upload("records.jsonl", conversations(count))
            job = simulation.complete_job(
                jobName=f"job-{number}",
                customModelName=f"model-{number}",
                baseModelIdentifier=base_model,
                trainingDataConfig={"s3Uri": uri},
            )
            assert job["status"] == status

    @pytest.mark.assumption(
        "data-format-of-nova", "data-schema-version-is-fixed", "data-reserved-words-of-nova", "data-roles-alternate"
    )
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"schemaVersion": "tooluse-dataset-2024"}, "schemaVersion must be bedrock-conversation-2024"),
            ({"messages": [{"role": "user", "content": "a text"}] * 2}, "content must be a list of blocks"),
            ({"messages": conversations(1)[0]["messages"][:1]}, "at least two"),
            ({"system": [{"text": "After User: comes the question."}]}, "reserved keyword 'User:'"),
        ],
    )
    def test_a_record_of_another_form_fails_the_job(
        self, simulation: Simulation, changes: dict[str, Any], expected: str
    ) -> None:
        """The message has the line."""
        first, *others = conversations(20)
        job = train(simulation, NOVA_LITE, [first | changes, *others])
        assert job["status"] == "Failed"
        assert expected in job["failureMessage"]
        assert "line 1" in job["failureMessage"]

    @pytest.mark.assumption("data-reasoning-of-nova-2-lite")
    @pytest.mark.parametrize(("base_model", "status"), [(NOVA_LITE, "Failed"), (NOVA_2_LITE, "Completed")])
    def test_reasoning_before_an_answer_is_taken_by_nova_2_alone(
        self, simulation: Simulation, base_model: str, status: str
    ) -> None:
        """What is carried through training for one model must be left out for the others."""
        records = conversations(8)
        reasoning = {"reasoningContent": {"reasoningText": {"text": "First, add."}}}
        records[0]["messages"][1]["content"].insert(0, reasoning)
        assert train(simulation, base_model, records)["status"] == status

    @pytest.mark.assumption("base-model-nova-takes-no-batch-size")
    @pytest.mark.parametrize("base_model", [NOVA_LITE, NOVA_2_LITE])
    def test_a_batch_size_is_no_hyperparameter(self, simulation: Simulation, base_model: str) -> None:
        """What is known of other models must not be sent to these."""
        with pytest.raises(simulation.bedrock.exceptions.ValidationException, match="batchSize"):
            simulation.create_job(baseModelIdentifier=base_model, hyperParameters={"batchSize": "1"})


@pytest.mark.assumption("data-format-of-llama-3-1", "data-format-of-llama-3-3", "data-limits-of-llama")
@pytest.mark.parametrize(
    ("base_model", "records", "expected"),
    [
        (LLAMA_3_1, prompts(99), "less than the minimum of 100"),
        (LLAMA_3_1, conversations(100), "line 1: the record has the unknown key"),
        (LLAMA_3_1, prompts(100), None),
        (LLAMA_3_3, conversations(99), "less than the minimum of 100"),
        (LLAMA_3_3, prompts(100), "line 1: the key 'schemaVersion' is missing"),
        (LLAMA_3_3, conversations(100), None),
    ],
)
def test_llama_takes_a_hundred_records_of_its_own_format(
    simulation: Simulation, base_model: str, records: list[dict[str, Any]], expected: str | None
) -> None:
    """The two generations differ."""
    job = train(simulation, base_model, records)
    assert job["status"] == ("Failed" if expected else "Completed")
    assert (expected or "") in job.get("failureMessage", "")


@pytest.mark.assumption("data-tokens-of-a-llama-record")
def test_a_record_of_llama_is_half_as_long(simulation: Simulation) -> None:
    """16,000 tokens are 96,000 letters at the least."""
    job = train(simulation, LLAMA_3_1, [*prompts(100), {"prompt": "a" * 96_000, "completion": "b"}])
    assert "exceeds limit of 16000 in line 101" in job["failureMessage"]


@pytest.mark.assumption("data-uri-names-a-file")
@pytest.mark.parametrize("key", ["", "folder/"])
def test_a_folder_is_no_training_file(simulation: Simulation, key: str) -> None:
    """Bedrock says so in the job's message, not when it is created."""
    job = simulation.complete_job(trainingDataConfig={"s3Uri": f"s3://{BUCKET}/{key}"})
    assert "URI should be a file, not a directory" in job["failureMessage"]


@pytest.mark.assumption("data-empty-lines-count-for-nothing")
def test_empty_lines_are_no_records(simulation: Simulation) -> None:
    """They are neither wrong records nor counted as any."""
    row = simulation.s3.get_object(Bucket=BUCKET, Key="train.jsonl")["Body"].read()
    simulation.upload("train.jsonl", b"\n" + row + b" \n\n")
    job = simulation.complete_job()
    assert job["status"] == "Completed"
