"""Base models, further models and judges as they are today, on a simulated Bedrock that refuses what they refuse."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto.core.models import DEFAULT_ACCOUNT_ID

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.domain.core.errors import EvaluationFailed
from lambdas.domain.evaluation.answer_figures import count_figures
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine, with_question
from lambdas.domain.evaluation.judging.lines import JudgementLine
from lambdas.domain.evaluation.judging.pairwise import Pair
from lambdas.domain.evaluation.questions import parse_question
from lambdas.handlers import answer_baseline_shard, composition, judge_shard
from local.bedrock.clock import ManualClock
from local.bedrock.foundation_models import CURRENT_CLAUDES
from local.bedrock.server import serve
from local.bedrock.settings import AnswerBlock, AnswerForm, SimulationSettings, StopReason
from tests.handlers.conftest import OUTPUT_BUCKET, SESSION_TOKEN
from tests.local.bedrock.conftest import InlineExecutor, rows

RECORDS = 12
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
QUESTION = parse_question(0, json.dumps(rows(1)[0]).encode())
CLAUDES = [f"us.anthropic.claude-{end}" for end in CURRENT_CLAUDES.values()]
# Makes the adapters talk to a simulated Bedrock with these settings.
Simulate = Callable[..., Adapters]


@pytest.fixture
def simulate(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulate]:
    with ExitStack() as stack:

        def start(**settings: Any) -> Adapters:
            made = SimulationSettings(region="us-west-2", account_id=DEFAULT_ACCOUNT_ID, **settings)
            served = serve(made, s3, token=SESSION_TOKEN, clock=ManualClock(), executor=InlineExecutor())
            url = stack.enter_context(served)
            for service in ("BEDROCK", "BEDROCK_RUNTIME"):
                monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", url)
            monkeypatch.setattr(composition.root, "adapters", Adapters(Clients()))
            return composition.root.adapters

        yield start


@pytest.fixture
def event(s3: Any, run: dict[str, Any], plan: dict[str, Any], expect: dict[str, str]) -> dict[str, Any]:
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows(RECORDS))
    s3.put_object(Bucket=OUTPUT_BUCKET, Key=f"{expect['prefix']}dataset/test.jsonl", Body=body)
    shard = {"arm": "other", "model_id": "", "number": 0, "first": 0, "records": RECORDS}
    return {"run": run, "plan": plan, "shard": shard}


@pytest.mark.parametrize("model_id", CLAUDES)
def test_each_current_claude_answers_as_a_further_model(
    simulate: Simulate, event: dict[str, Any], lambda_context: LambdaContext, model_id: str
) -> None:
    """With both sampling parameters set in run.json, which most of them refuse."""
    simulate()
    event["shard"] |= {"model_id": model_id}
    assert answer_baseline_shard.handler(event, lambda_context)["answered"] == RECORDS


@pytest.mark.parametrize("model_id", CLAUDES)
def test_each_current_claude_passes_the_preflight_and_judges(
    simulate: Simulate, run: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext, model_id: str
) -> None:
    """They are what people name as judges."""
    adapters = simulate()
    adapters.foundation_models.ask_briefly(model_id)
    adapters.judging.write_pairs(OUTPUT_BUCKET, expect["prefix"], [Pair(0, "2+2?", "4", "4", "It is 5.")])
    shard = {"judge": model_id, "number": 0, "first": 0, "records": 1}
    assert judge_shard.handler({"run": run, "shard": shard}, lambda_context)["answered"] == 2


def test_a_base_model_whose_quota_of_the_day_ends_keeps_its_answers_and_is_given_up(
    simulate: Simulate, event: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """What was answered is paid for; what is left would wait for tomorrow."""
    adapters = simulate(on_demand_tokens_per_day=300)
    event["shard"] |= {"arm": "base", "model_id": HAIKU}
    with pytest.raises(EvaluationFailed, match="no quota left for today"):
        answer_baseline_shard.handler(event, lambda_context)
    assert 0 < len(adapters.answers.read_shard(OUTPUT_BUCKET, expect["prefix"], "base", 0)) < RECORDS
    trouble = adapters.answers.read_baseline_trouble(OUTPUT_BUCKET, expect["prefix"], "base")
    assert trouble is not None
    assert trouble.final


@pytest.mark.parametrize(
    ("stop_reason", "blocks"),
    [
        ("end_turn", ("reasoning", "text", "redacted_reasoning", "text")),
        ("end_turn", ()),
        ("tool_use", ("text", "tool_use")),
        ("max_tokens", ("reasoning",)),
        ("max_tokens", ("text",)),
        ("stop_sequence", ("text", "text", "text")),
        ("guardrail_intervened", ("text",)),
        ("content_filtered", ()),
        ("malformed_model_output", ()),
        ("malformed_tool_use", ("tool_use",)),
        ("model_context_window_exceeded", ("redacted_reasoning",)),
    ],
)
def test_every_form_of_an_answer_is_stored_as_its_text_and_counted_by_its_stop_reason(
    simulate: Simulate,
    event: dict[str, Any],
    expect: dict[str, str],
    lambda_context: LambdaContext,
    stop_reason: StopReason,
    blocks: tuple[AnswerBlock, ...],
) -> None:
    """Reasoning is no answer, several texts are one, and a refusal is an answer that the report counts."""
    event["shard"] |= {"arm": "base", "model_id": HAIKU, "records": 2}

    def answers(*forms: AnswerForm) -> list[StoredLine]:
        adapters = simulate(answer_forms=forms)
        event["shard"]["number"] += 1
        assert answer_baseline_shard.handler(event, lambda_context)["answered"] == 2
        place = (OUTPUT_BUCKET, expect["prefix"], "base", event["shard"]["number"])
        return [with_question(line, QUESTION) for line in adapters.answers.read_shard(*place)]

    plain = [line.response for line in answers() if isinstance(line, AnswerLine)]
    lines = answers(AnswerForm(model=HAIKU, stop_reason=stop_reason, blocks=blocks))
    found = [line.response for line in lines if isinstance(line, AnswerLine)]
    assert found == (plain if "text" in blocks else ["", ""])
    assert count_figures(lines).stop_reasons == {stop_reason: 2}


@pytest.mark.parametrize("blocks", [("reasoning", "text"), ("reasoning",), ()])
def test_a_judge_that_says_nothing_has_judged_and_cannot_be_read(
    simulate: Simulate, run: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext, blocks: Any
) -> None:
    """Its reasoning is no judgement."""
    adapters = simulate(answer_forms=[AnswerForm(model=HAIKU, stop_reason="content_filtered", blocks=blocks)])
    adapters.judging.write_pairs(OUTPUT_BUCKET, expect["prefix"], [Pair(0, "2+2?", "4", "4", "")])
    shard = {"judge": HAIKU, "number": 0, "first": 0, "records": 1}
    assert judge_shard.handler({"run": run, "shard": shard}, lambda_context)["answered"] == 2
    lines = list(adapters.judging.read_judged(OUTPUT_BUCKET, expect["prefix"], HAIKU, 0))
    readable = [line.judgement != "unparseable" for line in lines if isinstance(line, JudgementLine)]
    assert readable == ["text" in blocks] * 2
