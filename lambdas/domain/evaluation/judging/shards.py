"""The pairs that judges are asked about, in shards, and what a judge's stored lines add up to.

`judging/pairs.jsonl` has a line per pair, `{"index", "task", "reference", "arm", "against"}`: the tuned model's answer
(`arm`) and its base's (`against`) to a test record. A line of `judging/<judge>/<n>.jsonl` is `{"index", "order",
"answer", "judgement", "input_tokens", "output_tokens"}`, or `{"index", "order", "error"}`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from pydantic import BaseModel, Field

from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.judging.pairwise import (
    ORDERS,
    PROMPT,
    Judgement,
    Pair,
    agreements,
    choose_records,
    mean_kappa,
    needs_no_judge,
    preferences,
    prompt_checksum,
    summarise_judge,
)
from lambdas.domain.evaluation.responses import Line, Question

# 2 questions each: a shard of slow answers still fits a Lambda's 15 minutes.
PAIRS_PER_SHARD = 10


class JudgeShard(BaseModel):
    """An item of the judges' map: the pairs in `records` lines of `judging/pairs.jsonl` from line `first` on."""

    judge: str
    number: int
    first: int = Field(ge=0)
    records: int = Field(ge=1)


def judge_shards(judges: Sequence[str], pairs: int) -> list[dict[str, Any]]:
    """The items of the map: each judge's pairs in shards of 10."""
    return [
        JudgeShard(judge=judge, number=number, first=first, records=min(PAIRS_PER_SHARD, pairs - first)).model_dump()
        for judge in judges
        for number, first in enumerate(range(0, pairs, PAIRS_PER_SHARD))
    ]


def choose_pairs(
    answers: Mapping[str, Sequence[Line]],
    groups: Sequence[int],
    questions: Mapping[int, Question],
    most: int,
    seed: int,
) -> list[Pair]:
    """At most `most` pairs of answers to records that the tuned model and its base both answered, one of each group."""
    tuned, base = answers[TUNED], answers[BASE]
    both = [line["index"] for line, other in zip(tuned, base, strict=True) if "error" not in line | other]
    return [
        Pair(
            index, _task(questions[index]), tuned[index]["reference"], tuned[index]["response"], base[index]["response"]
        )
        for index in choose_records(both, dict(enumerate(groups)), most, seed)
        if index in questions
    ]


def _task(question: Question) -> str:
    """The system text asks for a form, which a judge must know."""
    return f"{question.system}\n\n{question.prompt}" if question.system else question.prompt


def render_pairs(pairs: Sequence[Pair]) -> list[bytes]:
    """The lines of `judging/pairs.jsonl`."""
    return [orjson.dumps(asdict(pair)) for pair in pairs]


def parse_pairs(content: bytes) -> list[Pair]:
    """The pairs of `judging/pairs.jsonl`."""
    return [Pair(**orjson.loads(line)) for line in content.split(b"\n") if line]


def summarise_judging(pairs: Sequence[Pair], judges: Mapping[str, Sequence[Line]]) -> dict[str, Any]:
    """The report's `judging`: `{"judges", "kappa", "agreements", "pairs", "people", "prompt"}`.

    `judges` has each judge's stored lines. A judge's entry has, beside what `summarise_judge` says, `unanswered`, the
    pairs for which an order has no answer, `error`, the commonest reason, and `input_tokens` and `output_tokens` of all
    its answers. `pairs` has for each pair its record's index, whether both answers are the same, and each judge's
    preference. `kappa` is the mean over all two judges.
    """
    identical = {pair.index for pair in pairs if needs_no_judge(pair)}
    judgements = {judge: _judgements(lines) for judge, lines in judges.items()}
    preferred = {judge: preferences(found) for judge, found in judgements.items()}
    agreed = agreements(preferred)
    return {
        "judges": [
            {
                **summarise_judge(judge, found, len(identical)),
                "unanswered": len(pairs) - len(identical) - len(found),
                "error": _commonest_error(judges[judge]),
                **{
                    name: sum(line.get(name, 0) for line in judges[judge]) for name in ("input_tokens", "output_tokens")
                },
            }
            for judge, found in judgements.items()
        ],
        "kappa": mean_kappa(agreed),
        "agreements": agreed,
        "pairs": [
            {
                "index": pair.index,
                "identical": pair.index in identical,
                "preferences": {judge: found[pair.index] for judge, found in preferred.items() if pair.index in found},
            }
            for pair in pairs
        ],
        "people": [],
        "prompt": {"name": PROMPT, "sha256": prompt_checksum()} if judges else None,
    }


def _judgements(lines: Sequence[Line]) -> dict[int, tuple[Judgement, Judgement]]:
    """Both judgements by record, for the records that have both."""
    found: dict[tuple[int, str], Judgement] = {
        (line["index"], line["order"]): line["judgement"] for line in lines if "error" not in line
    }
    first, second = ORDERS
    return {
        index: (found[index, first], found[index, second])
        for index, order in found
        if order == first and (index, second) in found
    }


def _commonest_error(lines: Sequence[Line]) -> str | None:
    errors = Counter(line["error"] for line in lines if "error" in line)
    return errors.most_common(1)[0][0] if errors else None
