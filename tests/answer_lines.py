"""Stored lines for tests, with what a test does not care about filled in."""

from dataclasses import asdict
from typing import Any

from lambdas.domain.evaluation.answers import AnswerLine, ShardAnswer
from lambdas.domain.evaluation.judging.lines import JudgementLine
from lambdas.domain.evaluation.judging.pairwise import ORDERS, Judgements


def make_answer(index: int = 0, response: str = "", reference: str = "", **others: Any) -> AnswerLine:
    """A stored answer."""
    return AnswerLine(
        **{
            "index": index,
            "prompt": f"question {index}",
            "reference": reference,
            "response": response,
            "input_tokens": 9,
            "output_tokens": 2,
            "latency_ms": 5,
            "stop_reason": "end_turn",
            "asked_at": "2026-01-21T22:20:00.000Z",
            "answered_at": "2026-01-21T22:24:00.000Z",
            **others,
        }
    )


def make_shard_answer(index: int = 0, response: str = "") -> ShardAnswer:
    """An answer as its shard stores it."""
    answer = asdict(make_answer(index, response))
    del answer["prompt"], answer["reference"]
    return ShardAnswer(**answer)


def make_judgements(
    index: int, judgements: Judgements, input_tokens: int = 7, output_tokens: int = 3
) -> list[JudgementLine]:
    """A judge's stored answers about one pair, in both orders."""
    return [
        JudgementLine(index, order, "", judgement, input_tokens, output_tokens)
        for order, judgement in zip(ORDERS, judgements, strict=True)
    ]
