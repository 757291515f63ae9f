"""Pairwise judging: what a judge model is asked. `reading.py` reads its answer, `summary.py` adds the answers up.

Each pair of answers is asked in both orders, since judges favour a position (Zheng et al., "Judging LLM-as-a-Judge with
MT-Bench and Chatbot Arena", 2023, sections 3.3 and 3.4): only the same verdict in both counts as a win or a loss.

Candidates' texts and criteria are data (`marked_texts.py`), and a judge's answer counts only where it has exactly one
judgement.
"""

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from lambdas.domain.core.marked_texts import fill
from lambdas.domain.dataset.tokens import estimate
from lambdas.domain.evaluation.judging.reading import Judgement
from lambdas.domain.evaluation.judging.rubric import Criterion, render_rubric
from lambdas.domain.evaluation.questions import InferenceSettings

PROMPT = "judge-v2"

Order = Literal["arm_first", "arm_second"]
Outcome = Literal["win", "loss", "tie", "inconsistent", "unparseable"]
Preference = Literal["win", "loss", "neither"]
# A record's judgements with the arm first and with it second.
Judgements = tuple[Judgement, Judgement]

ORDERS: tuple[Order, Order] = ("arm_first", "arm_second")

# Room for a reasoning of 4 sentences; without chance, so that the same question gets the same judgement.
JUDGE_SETTINGS = InferenceSettings(max_tokens=512, temperature=0.0)
_PARTS = ("system", "user", "again")


@dataclass(frozen=True)
class Pair:
    """Two arms' answers to one test record."""

    index: int
    task: str
    reference: str
    arm: str
    against: str


class JudgePrompt(NamedTuple):
    """A judge's system text and the one user turn."""

    system: str
    user: str


def judge_prompt(pair: Pair, order: Order, rubric: Sequence[Criterion], *, again: bool = False) -> JudgePrompt:
    """What a judge is asked about a pair; `order` says which place the arm's answer has, `rubric` what counts.

    `again` is after an answer that could not be read. The judge is not shown that: it may repeat a candidate.
    """
    first, second = (pair.arm, pair.against) if order == "arm_first" else (pair.against, pair.arm)
    texts = {
        "criteria": render_rubric(rubric),
        "task": pair.task,
        "reference": pair.reference,
        "first": first,
        "second": second,
    }
    user = fill(_prompt_file("user"), texts)
    return JudgePrompt(_prompt_file("system"), f"{user}\n\n{_prompt_file('again')}" if again else user)


def prompt_checksum() -> str:
    """The SHA-256 of the prompt's files: with `PROMPT` it says in a report what was asked."""
    return hashlib.sha256("".join(map(_prompt_file, _PARTS)).encode()).hexdigest()


def prompt_tokens(rubric: Sequence[Criterion]) -> int:
    """About how many tokens the prompt has without the texts that are judged."""
    return estimate(_prompt_file("system"), _prompt_file("user"), render_rubric(rubric))


@cache
def _prompt_file(part: str) -> str:
    return files(__package__ or "").joinpath("prompts", f"{PROMPT}.{part}.txt").read_text(encoding="utf-8").strip()


def combine(arm_first: Judgement, arm_second: Judgement) -> Outcome:
    """The outcome for the arm from its pair's two judgements.

    A win is two votes for the arm, a loss two for the other, a tie two ties; any other two are inconsistent.
    """
    if "unparseable" in (arm_first, arm_second):
        return "unparseable"
    outcomes: dict[tuple[Judgement, Judgement], Outcome] = {
        ("first", "second"): "win",
        ("second", "first"): "loss",
        ("tie", "tie"): "tie",
    }
    return outcomes.get((arm_first, arm_second), "inconsistent")


def needs_no_judge(pair: Pair) -> bool:
    """Whether both answers are the same text, white space around it aside: a tie that nobody need be asked about."""
    return pair.arm.strip() == pair.against.strip()


def choose_records(indexes: Sequence[int], groups: Mapping[int, Hashable], most: int, seed: int) -> list[int]:
    """At most `most` of these test records, at most one of each group, so that they are independent.

    The order follows from a hash of seed and index: the first 20 are a sample as good as any, for people to judge.
    """
    chosen: dict[Hashable, int] = {}
    for index in sorted(indexes, key=lambda index: hashlib.sha256(f"{seed}:{index}".encode()).digest()):
        chosen.setdefault(groups[index], index)
    return list(chosen.values())[:most]
