"""What each candidate of a plan is estimated to cost: its training, and what serves it."""

from collections.abc import Iterable

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.cost.lines import (
    BASE_MODELS,
    CURATION_PREFIX,
    STORAGE,
    CostLine,
    TokenNotes,
    answer_lines,
    planned_epochs,
    throughput_line,
    token_epochs,
    training_line,
)
from lambdas.domain.cost.planned_serving import answer_tokens, chosen_arms, lease_seconds, other_arms
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.dataset.planned_set import TrainingData
from lambdas.domain.evaluation.arms import Arms
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.served import named_to_serve
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.training.candidates import Candidate


class CandidateCost(Fact):
    """A candidate's part of the estimate in USD, null where a price is unknown; `served` where it is named to be.

    `candidate` is null for the chosen one, where it is known after the training alone: what it costs beside the others.
    """

    candidate: int | None
    records: int | None = None
    # Earlier versions stored none.
    data: TrainingData = "original"
    hyperparameters: dict[str, str] = Field(default={})
    training_usd: float | None
    served: bool
    serving_usd: float | None


def candidate_costs(plan: Plan, prices: Prices) -> list[CandidateCost]:
    """The candidates in the order of their numbers, then what the chosen one costs that none of them has."""
    named, full = named_to_serve(plan), chosen_arms(plan)
    each = full if len(plan.candidates) == 1 else other_arms(plan)
    rows = [_row(plan, prices, one, each, served=one.number in named) for one in plan.candidates]
    chosen = _serving_usd(plan, prices, full)
    if named and len(named) == len(plan.candidates):
        # One of these is chosen, and has its few-shot arms besides.
        plain = _serving_usd(plan, prices, each)
        chosen = None if chosen is None or plain is None else chosen - plain
        if each == full:
            return rows
    return [*rows, CandidateCost(candidate=None, training_usd=0.0, served=True, serving_usd=chosen)]


def beside_candidates(lines: Iterable[CostLine]) -> float | None:
    """What the run costs beside its candidates and its curation: other models' answers, judges, and storage."""
    others = (line for line in lines if not line.id.startswith(CURATION_PREFIX))
    return sum_known(line.usd for line in others if line.id == STORAGE or not line.price.startswith(BASE_MODELS))


def curation_usd(lines: Iterable[CostLine]) -> float | None:
    """What is asked about the training data costs."""
    return sum_known(line.usd for line in lines if line.id.startswith(CURATION_PREFIX))


def sum_known(parts: Iterable[float | None]) -> float | None:
    """A sum of USD; null where one of them is unknown."""
    found = list(parts)
    known = [usd for usd in found if usd is not None]
    return sum(known) if len(known) == len(found) else None


def _row(plan: Plan, prices: Prices, candidate: Candidate, arms: Arms, *, served: bool) -> CandidateCost:
    number = candidate.number
    trained = token_epochs(plan, {number: planned_epochs(plan)[number]})
    return CandidateCost(
        candidate=number,
        records=candidate.training_set.records,
        data=candidate.training_set.data,
        hyperparameters=candidate.hyperparameters,
        training_usd=training_line(plan, prices, trained, "").usd,
        served=served,
        serving_usd=_serving_usd(plan, prices, arms) if served else 0.0,
    )


def _serving_usd(plan: Plan, prices: Prices, arms: Arms) -> float | None:
    """What it costs to serve a candidate while these arms answer: its throughput's time, or their tokens."""
    if plan.serving != ON_DEMAND:
        return throughput_line(plan, prices, [lease_seconds(plan, arms)], "").usd
    notes = TokenNotes("", "")
    return sum_known(
        line.usd
        for name, arm in arms.items()
        for line in answer_lines(plan, prices, name, answer_tokens(plan, arm), notes)
    )
