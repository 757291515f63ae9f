"""What a run will cost, line by line, from its plan and a price file: docs/cost.md has the formulas."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.cost.by_candidate import CandidateCost, candidate_costs
from lambdas.domain.cost.curation_cost import EXPECTED, MOST, Shares, planned_curation_lines, with_expected_sets
from lambdas.domain.cost.lines import (
    CURATION_PREFIX,
    THROUGHPUT,
    CostLine,
    TokenNotes,
    TokensUsed,
    answer_lines,
    judging_lines,
    model_units_text,
    other_candidate_lines,
    planned_epochs,
    storage_line,
    throughput_line,
    token_epochs,
    token_epochs_text,
    training_factor,
    training_factor_text,
    training_line,
)
from lambdas.domain.cost.planned_serving import (
    BASELINE_OUTPUT_FACTOR,
    CREATION_SECONDS,
    SECONDS_PER_ANSWER,
    answer_length,
    answer_tokens,
    answering_seconds,
    chosen_arms,
    other_arms,
    planned_leases,
)
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.dataset.tokens import ESTIMATED
from lambdas.domain.evaluation.arms import TUNED, Arm
from lambdas.domain.evaluation.judging.pairwise import ORDERS, prompt_tokens
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.served import most_served
from lambdas.domain.serving.kinds import ON_DEMAND

# A reason of at most four sentences, and the judgement.
JUDGEMENT_TOKENS = 150


class PriceSource(Fact):
    """Where the prices are from."""

    as_of: str
    source: str


class CostTotal(Fact):
    """Cost lines with their sum.

    `total_usd` is null where a price is unknown; `known_usd` is the sum of the known lines, and `unknown` names the
    others.
    """

    lines: list[CostLine]
    known_usd: float
    total_usd: float | None
    unknown: list[str]

    @property
    def unpriced(self) -> list[str]:
        """What has no price."""
        return [line.item for line in self.lines if line.usd is None and line.unit_price_usd is None]

    @property
    def uncounted(self) -> list[str]:
        """What has a price, and nobody knows how much of it is billed."""
        return [line.item for line in self.lines if line.usd is None and line.unit_price_usd is not None]

    @property
    def unconfirmed(self) -> list[str]:
        """What costs by a price that is not confirmed."""
        return [line.item for line in self.lines if not line.confirmed]


class EstimateSummary(Fact):
    """What the run's state keeps of an estimate; a failed deletion's message needs the price of a model unit."""

    known_usd: float
    total_usd: float | None
    unknown: list[str]
    model_unit_price_per_hour: float | None


class Estimate(CostTotal):
    """What a run costs, where the prices are from, and in which steps a throughput's time is billed.

    `candidates` has each one's part. All of them train on `training_factor` times the tokens of the first one's job.
    """

    prices: PriceSource
    # Earlier versions stored none of these.
    throughput_billing_seconds: int = 3600
    candidates: list[CandidateCost] = Field(default=[])
    training_factor: float | None = None
    # What the known lines come to at most: replies may be long and asked for twice, and no batch job may answer.
    most_usd: float | None = None

    def summary(self) -> EstimateSummary:
        """The estimate without its lines."""
        return EstimateSummary(
            known_usd=self.known_usd,
            total_usd=self.total_usd,
            unknown=self.unknown,
            model_unit_price_per_hour=self.model_unit_price_per_hour(),
        )

    def total(self) -> CostTotal:
        """The estimate without its prices' source."""
        return CostTotal(lines=self.lines, known_usd=self.known_usd, total_usd=self.total_usd, unknown=self.unknown)

    def model_unit_price_per_hour(self) -> float | None:
        """Null where it is not known, and where the run was to be served on demand."""
        return next((line.unit_price_usd for line in self.lines if line.id == THROUGHPUT), None)


def environment_prices(prices: Prices, plan: Plan, model_unit_price_per_hour: float | None) -> Prices:
    """The prices that a cap and an approval count with: the file's and the environment's, whatever run.json says."""
    return prices.replaced({}, plan.base_model, model_unit_price_per_hour)


def reported_prices(prices: Prices, plan: Plan, model_unit_price_per_hour: float | None) -> Prices:
    """The prices that a run's report shows: run.json's own replace those of the file, too."""
    return prices.replaced(plan.evaluation.prices, plan.base_model, model_unit_price_per_hour)


def own_prices(plan: Plan) -> list[str]:
    """The models that the run asks at prices of its own run.json."""
    curators = plan.curation.curators if plan.curation else {}
    asked = {arm.model_id for arm in plan.arms.values()} | set(plan.evaluation.judges) | set(curators)
    return sorted(model_id for model_id in plan.evaluation.prices if model_id in asked)


def estimate(plan: Plan, prices: Prices) -> Estimate:
    """What a run costs by its plan."""
    expected, lines = with_expected_sets(plan, EXPECTED), _lines(plan, prices, EXPECTED)
    most = add_up(_lines(plan, prices, MOST)).known_usd
    total = add_up(lines)
    return Estimate(
        **dict(total),
        prices=price_source(prices),
        throughput_billing_seconds=prices.throughput_billing_seconds,
        candidates=candidate_costs(expected, prices),
        training_factor=training_factor(expected),
        most_usd=most if most > total.known_usd else None,
    )


def _lines(plan: Plan, prices: Prices, shares: Shares) -> list[CostLine]:
    """All lines, where such shares of the synthetic pairs are kept."""
    note = (
        "Billed each month until the model is deleted; models that are not chosen are deleted within the run, unless "
        "run.json keeps them."
    )
    kept_models = len(plan.candidates) if plan.keep_models else 1
    serving = [*_throughput(plan, prices), *_answers(plan, prices, shares), *_judging(plan, prices, shares)]
    # A model that exists costs no training, and its storage whether it is measured or not.
    trained = plan.custom_model is None
    return [
        *([_training(with_expected_sets(plan, shares), prices, shares)] if trained else []),
        *planned_curation_lines(plan, prices, shares),
        *serving,
        *([storage_line(plan, prices, kept_models, note)] if trained else []),
    ]


def price_source(prices: Prices) -> PriceSource:
    """Date and source of a price file."""
    return PriceSource(as_of=prices.as_of.isoformat(), source=prices.source)


def add_up(lines: Sequence[CostLine]) -> CostTotal:
    """Lines with their totals."""
    known = sum(line.usd for line in lines if line.usd is not None)
    unknown = [line.item for line in lines if line.usd is None]
    return CostTotal(lines=list(lines), known_usd=known, total_usd=None if unknown else known, unknown=unknown)


def _training(plan: Plan, prices: Prices, shares: Shares) -> CostLine:
    epochs = planned_epochs(plan)
    stoppable = any("earlyStoppingPatience" in each.hyperparameters for each in plan.candidates)
    early = "; early stopping may end a job earlier" if stoppable else ""
    counted = token_epochs_text(plan, epochs).capitalize()
    note = f"{counted}; tokens {ESTIMATED}{early}; validation is not billed."
    if plan.curation is not None and plan.curation.synthesis is not None:
        note = f"{note} {shares.kept:.0%} of the pairs that the teacher is asked for are counted as kept."
    note = f"{note} {training_factor_text(training_factor(plan))}".rstrip()
    return training_line(plan, prices, token_epochs(plan, epochs), note)


def _throughput(plan: Plan, prices: Prices) -> Iterator[CostLine]:
    """The time of the throughputs, where they serve the candidates."""
    if plan.serving == ON_DEMAND:
        return
    step_minutes = prices.throughput_billing_seconds / 60
    note = (
        f"{CREATION_SECONDS // 60} minutes of creation, in case they are billed, and {_answering_text(plan)}, "
        f"{plan.max_concurrency} at a time (max_concurrency) at {SECONDS_PER_ANSWER} s each; begun steps of "
        f"{step_minutes:g} minutes count whole; {model_units_text(plan)}."
    )
    served = most_served(plan)
    if served > 1:
        note = f"{served} candidates are served, each by a throughput of its own: {note}"
    yield throughput_line(plan, prices, planned_leases(plan), note)


def _answering_text(plan: Plan) -> str:
    chosen, other = (answering_seconds(plan, arms(plan)) / 60 for arms in (chosen_arms, other_arms))
    if most_served(plan) == 1 or chosen == other:
        return f"{chosen:.0f} of answers"
    return f"{chosen:.0f} of answers for the chosen one, {other:.0f} for each other one"


def _answers(plan: Plan, prices: Prices, shares: Shares) -> Iterator[CostLine]:
    """The answers of the arms that are billed by their tokens."""
    for name, arm in plan.arms.items():
        in_batch, notes = shares.batch and name in plan.batches.baselines, _answer_notes(plan, arm, 1)
        yield from answer_lines(plan, prices, name, answer_tokens(plan, arm), notes, in_batch=in_batch)
    others = most_served(plan) - 1
    if others:
        arm = plan.arms[TUNED]
        asked, answered = answer_tokens(plan, arm)
        tokens = TokensUsed(asked * others, answered * others)
        yield from other_candidate_lines(plan, prices, tokens, _answer_notes(plan, arm, others))


def _answer_notes(plan: Plan, arm: Arm, models: int) -> TokenNotes:
    factor = answer_length(arm)
    length = "as long as" if factor == 1 else f"{factor} times as long as"
    asked = f"{plan.dataset.test.records} test prompts{' with their examples' if arm.few_shot else ''}"
    return TokenNotes(
        f"{asked}{f' for each of {models} models' if models > 1 else ''} {ESTIMATED}.",
        f"Answers {length} the references {ESTIMATED}, at most max_tokens each.",
    )


def _judging(plan: Plan, prices: Prices, shares: Shares) -> Iterator[CostLine]:
    """Each judge is asked about each pair in both orders; it reads task, reference and both answers."""
    tokens, records = plan.tokens, plan.dataset.test.records
    pairs = min(plan.evaluation.judged_pairs, records)
    per_pair = (tokens.test_prompts + (2 + BASELINE_OUTPUT_FACTOR) * tokens.test_references) / records
    questions = pairs * len(ORDERS)
    asked = questions * (prompt_tokens(plan.evaluation.rubric) + per_pair)
    notes = TokenNotes(
        f"{counted(pairs, 'pair')} in {len(ORDERS)} orders: task, reference and both answers {ESTIMATED}.",
        f"{JUDGEMENT_TOKENS} tokens a judgement.",
    )
    for judge in plan.evaluation.judges:
        tokens_used, in_batch = TokensUsed(asked, questions * JUDGEMENT_TOKENS), judge in plan.batches.judges
        yield from judging_lines(prices, judge, tokens_used, notes, in_batch=shares.batch and in_batch)


def amount(usd: float) -> str:
    """An amount for people: a little is not nothing."""
    return "less than 0.01" if 0 < usd < 0.01 else f"{usd:,.2f}"


def most_text(estimate: Estimate) -> str:
    """What an estimate can come to, behind its amount; empty where nothing is open."""
    if estimate.most_usd is None:
        return ""
    ids = [line.id for line in estimate.lines]
    cases = {
        "all synthetic pairs are kept": any(id_.startswith(f"{CURATION_PREFIX}writing/") for id_ in ids),
        "no batch job answers": any("/batch/" in id_ for id_ in ids),
        "models that curate reply twice and as long as they may": any(id_.startswith(CURATION_PREFIX) for id_ in ids),
    }
    *others, last = [case for case, may_be in cases.items() if may_be]
    where = f"{', '.join(others)} and {last}" if others else last
    return f", and at most {amount(estimate.most_usd)} USD where {where}"


def unconfirmed_text(total: CostTotal) -> str:
    """The sentence that names what costs by prices that are not confirmed; empty where all are."""
    if not total.unconfirmed:
        return ""
    return f"The prices of these are not confirmed by AWS's Price List: {'; '.join(total.unconfirmed)}."
