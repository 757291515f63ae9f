"""What each arm's stored answers add up to."""

from collections.abc import Mapping, Sequence

from lambdas.domain.core.statistics import count_statistics, percentile
from lambdas.domain.cost.actual import Costs
from lambdas.domain.cost.answer_prices import answer_prices
from lambdas.domain.evaluation.answer_figures import AnswerFigures, drop_unknown
from lambdas.domain.evaluation.arms import BASE
from lambdas.domain.evaluation.evaluate import Evaluation
from lambdas.domain.evaluation.field_counts import ArmFields
from lambdas.domain.evaluation.metrics.classification import Classification
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.run_report import METRICS_OF_ALL, ArmFigures, Latency, TokenFigures


def summarise_arms(
    plan: Plan,
    model_arn: str | None,
    evaluation: Evaluation,
    costs: Costs | None,
    left_out: Mapping[str, Sequence[str]],
    candidates: Mapping[str, str | None],
) -> dict[str, ArmFigures]:
    """The figures of each arm; the tuned arms' answers are those of `model_arn`.

    `candidates` has the models of the served candidates beside the chosen one, by arm; `left_out` names the sampling
    parameters that an arm's model refused.
    """
    prices = answer_prices(plan, evaluation.figures, costs.prices) if costs else dict.fromkeys(evaluation.figures)
    arms = {
        name: summarise_arm(
            figures,
            evaluation.means.get(name, {}),
            model_id=candidates[name] if name in candidates else plan.arms[name].model_id or model_arn,
            few_shot=0 if name in candidates else plan.arms[name].few_shot,
            price_per_1000=prices[name],
            right=evaluation.right.get(name),
            classification=evaluation.classifications.get(name),
            fields=evaluation.fields.get(name),
            missing=evaluation.missing.get(name),
            sent=plan.evaluation.inference.without(left_out.get(name, ())).sent(),
        )
        for name, figures in evaluation.figures.items()
    }
    return with_reductions(arms)


def with_reductions(arms: Mapping[str, ArmFigures]) -> dict[str, ArmFigures]:
    """The arms with how far their output tokens are below the base's."""
    base = arms[BASE].output_tokens
    return {
        name: arm.model_copy(
            update={"token_reduction_percent": token_reduction(arm.output_tokens, base) if name != BASE else None}
        )
        for name, arm in arms.items()
    }


def summarise_arm(
    figures: AnswerFigures,
    means: Mapping[str, float | None],
    *,
    model_id: str | None,
    few_shot: int = 0,
    price_per_1000: float | None = None,
    right: int | None = None,
    classification: Classification | None = None,
    fields: ArmFields | None = None,
    missing: str | None = None,
    sent: Mapping[str, int | float] | None = None,
) -> ArmFigures:
    """An arm's figures; `means` has its metrics. Of one that is `missing` the figures would be those of a few."""
    if missing is not None:
        price_per_1000 = classification = fields = right = None
    counted = figures if missing is None else AnswerFigures()
    latencies = drop_unknown(counted.latency_ms)
    return ArmFigures.parse(
        {
            "model_id": model_id,
            "few_shot": few_shot,
            "n": figures.records,
            "errors": figures.records - figures.answers,
            **dict.fromkeys(METRICS_OF_ALL),
            **means,
            "output_tokens": count_statistics(drop_unknown(counted.output_tokens)),
            "latency_ms": Latency(p50=percentile(latencies, 50), p95=percentile(latencies, 95)),
            "stop_reasons": dict(counted.stop_reasons.most_common()),
            "empty": counted.empty,
            "refused": counted.refused,
            "truncated": counted.truncated,
            "price_per_1000": price_per_1000,
            "right": right,
            "price_per_right": _price_per_right(price_per_1000, counted.answers, right),
            "classification": classification,
            "token_reduction_percent": None,
            **({} if fields is None else {"fields": fields}),
            **({} if missing is None else {"missing": missing}),
            **({} if sent is None else {"sent": sent}),
        }
    )


def _price_per_right(price_per_1000: float | None, answers: int, right: int | None) -> float | None:
    return price_per_1000 / 1000 * answers / right if price_per_1000 is not None and right else None


def token_reduction(tokens: TokenFigures, base: TokenFigures) -> TokenFigures:
    """By how many per cent each statistic of an arm's output tokens is below its base's; null where base has none."""
    reductions = {
        name: 100 * (1 - own / theirs) if own is not None and theirs else None
        for name, own in tokens
        for theirs in [getattr(base, name)]
    }
    return TokenFigures(**reductions)
