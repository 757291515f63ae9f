"""Batch inference: which models it takes, the lines of a job, and the names that belong to a run."""

import json
import re
from dataclasses import replace

import pytest

from lambdas.domain.batch.batch_job import batch_input_key, batch_output_key
from lambdas.domain.batch.batch_lines import BatchMessage, BatchQuestion, read_answers, record_id, render_question
from lambdas.domain.batch.batch_models import batch_models, batch_share_of_price, least_records
from lambdas.domain.core.run import (
    batch_name,
    batch_names_begin,
    candidate_of_bedrock_name,
    client_request_token,
    run_of_bedrock_name,
)
from local.bedrock.foundation_models import FOUNDATION_MODELS

RUN_ID = "sales-0123456789ab"
SURROGATE = (BatchMessage("user", "\ud800"),)
QUESTION = BatchQuestion(
    "clean/abc/model",
    "Be brief.",
    (BatchMessage("user", "Is it?"),),
    {"max_tokens": 9, "temperature": 0.5, "top_p": 0.9},
)


@pytest.mark.parametrize("prefix", ["", "us.", "global.", "arn:aws:bedrock:us-east-1:1:inference-profile/us."])
def test_a_model_is_known_by_its_id_and_by_its_profiles(prefix: str) -> None:
    """Current Claude models are asked through a profile alone."""
    assert least_records(f"{prefix}anthropic.claude-haiku-4-5-20251001-v1:0") == 100
    assert least_records(f"{prefix}anthropic.claude-sonnet-5") is None


@pytest.mark.assumption("batch-costs-half")
def test_a_token_costs_half_where_there_is_batch_inference() -> None:
    assert batch_share_of_price("us.amazon.nova-pro-v1:0") == 0.5
    assert batch_share_of_price("us.anthropic.claude-opus-4-8") is None


def test_the_simulation_takes_the_models_of_the_file_and_no_others() -> None:
    """The table of the simulation is written apart."""
    asked = {id_: model for id_, model in FOUNDATION_MODELS.items() if model.customization is None}
    known = batch_models().models
    older = {id_ for id_ in asked if re.search("claude-3-(sonnet|5-sonnet)", id_)}
    assert {id_ for id_, model in asked.items() if model.batch_inference} - older == set(known) & set(asked)


def test_record_ids_have_the_form_that_aws_gives_and_differ() -> None:
    ids = {record_id(f"clean/{number}") for number in range(2000)}
    assert len(ids) == 2000
    assert all(re.fullmatch(r"[a-z0-9]{11}", id_) for id_ in ids)
    assert record_id("\ud800") == record_id("\ud800")


def test_a_line_asks_what_converse_is_asked() -> None:
    line = json.loads(render_question(QUESTION))
    assert line == {
        "recordId": record_id(QUESTION.id),
        "modelInput": {
            "system": [{"text": "Be brief."}],
            "messages": [{"role": "user", "content": [{"text": "Is it?"}]}],
            "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.9},
        },
    }


def test_a_text_that_is_no_unicode_is_asked_all_the_same() -> None:
    """A document may hold half of a character."""
    assert json.loads(render_question(replace(QUESTION, messages=SURROGATE)))["modelInput"]["messages"][0][
        "content"
    ] == [{"text": "\ud800"}]


def test_what_a_model_refuses_is_not_sent() -> None:
    """A job cannot ask again without it: every record would be an error."""
    model = batch_models().find("us.anthropic.claude-opus-5")
    assert model is not None
    line = json.loads(render_question(QUESTION, model.refuses))
    assert line["modelInput"]["inferenceConfig"] == {"maxTokens": 9}


def output(record: str, text: str) -> bytes:
    content = [{"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": text[:1]}, {"text": text[1:]}]
    answer = {
        "output": {"message": {"role": "assistant", "content": content}},
        "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
        "stopReason": "end_turn",
    }
    return json.dumps({"modelInput": {}, "modelOutput": answer, "recordId": record}).encode()


def test_answers_are_joined_by_their_ids_in_any_order() -> None:
    """The output has another order than the input."""
    lines = sorted((output(record_id(str(number)), f"answer {number}") for number in range(50)), key=hash)
    answers = {answer.record_id: answer for answer in read_answers(lines)}
    assert all(answers[record_id(str(number))].text == f"answer {number}" for number in range(50))
    assert {(each.input_tokens, each.output_tokens) for each in answers.values()} == {(7, 3)}


def test_errors_are_told_and_what_cannot_be_read_is_missing() -> None:
    error = {"recordId": "b", "error": {"errorCode": 400, "errorMessage": "too long", "expired": False}}
    lines = [b"{", b"", b'{"recordId": "x"}', b'{"recordId": "y", "modelOutput": {}}', json.dumps(error).encode()]
    [answer] = read_answers([*lines, b'{"recordId": 3, "modelOutput": null}'])
    assert (answer.record_id, answer.text, answer.error) == ("b", None, "400: too long")


def test_names_belong_to_the_run_and_are_no_candidate_s() -> None:
    """A clean-up knows by them what is a run's, where tags cannot be read."""
    name = batch_name("team-eu", RUN_ID, 12)
    assert name == f"team-eu-{RUN_ID}-b12"
    assert run_of_bedrock_name("team-eu", name) == RUN_ID
    assert run_of_bedrock_name("other", name) is None
    assert candidate_of_bedrock_name("team-eu", name) is None
    assert name.startswith(batch_names_begin("team-eu", RUN_ID))
    assert len(batch_name("e" * 20, "x" * 20 + "-0123456789ab", 99)) <= 63
    tokens = {client_request_token(RUN_ID, "batch", number) for number in (1, 2)}
    assert tokens.isdisjoint({client_request_token(RUN_ID, "customization", 1)})
    assert len(tokens) == 2


def test_files_of_jobs_lie_apart() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abcdefghijkl"
    assert batch_input_key("runs/r/", 3) == "runs/r/batch/b3/asks.jsonl"
    assert batch_output_key("runs/r/", 3, arn) == "runs/r/batch/b3/output/abcdefghijkl/asks.jsonl.out"
