"""What report.json says of the time in which something served the candidates."""

from lambdas.domain.cost.actual import Costs
from lambdas.domain.cost.lines import throughput_line
from lambdas.domain.evaluation.answer_figures import AnswerFigures, answering_seconds
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.caught_words import read_message
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.report.run_report import (
    ServedBy,
    ServingFigures,
    ThroughputFigures,
)
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.serving.leases import EndedLease
from lambdas.domain.serving.serving import Serving, served_seconds


def throughput_figures(serving: Serving | None) -> ThroughputFigures | None:
    """What is known of the throughput; None if nothing served the model."""
    if serving is None or serving.arn is None:
        return None
    if serving.kind == ON_DEMAND:
        nothing = dict.fromkeys(("arn", "requested_at", "in_service_at", "deleted_at", "lease_ends_at"))
        return ThroughputFigures(**nothing, billed_seconds=0.0, overhead_seconds=None, cost_usd=0.0)
    return ThroughputFigures(
        arn=serving.arn,
        requested_at=serving.requested_at,
        in_service_at=serving.in_service_at,
        deleted_at=serving.deleted_at,
        lease_ends_at=serving.lease_ends_at,
        billed_seconds=served_seconds(serving.in_service_at, serving.deleted_at),
        overhead_seconds=None,
        cost_usd=None,
    )


def bought(facts: RunFacts) -> list[Serving]:
    """What Bedrock made to serve the candidates."""
    leases = facts.servings.leases if facts.servings else []
    return [lease.serving for lease in leases if lease.serving is not None and lease.serving.arn is not None]


def serving_figures(facts: RunFacts) -> list[ServingFigures]:
    """The lease of each served candidate."""
    arms = {one.number: one.arm for one in facts.model.served} if facts.model else {}
    leases = facts.servings.leases if facts.servings else []
    return [_lease_figures(arms[lease.number], lease) for lease in leases if lease.number in arms]


def _lease_figures(arm: str, lease: EndedLease) -> ServingFigures:
    serving = lease.serving
    trouble = lease.deletion_failure or lease.failure
    return ServingFigures(
        candidate=lease.number,
        arm=arm,
        kind=serving.kind if serving else None,
        arn=serving.arn if serving else None,
        requested_at=serving.requested_at if serving else None,
        in_service_at=serving.in_service_at if serving else None,
        deleted_at=serving.deleted_at if serving else None,
        billed_seconds=billed_seconds(serving),
        failure=f"{trouble.error}: {read_message(trouble.cause)}" if trouble else None,
    )


def billed_seconds(serving: Serving | None) -> float | None:
    """What bills by the hour; 0 of a deployment, which bills answers."""
    if serving is None or serving.arn is None or serving.kind == ON_DEMAND:
        return 0.0
    return served_seconds(serving.in_service_at, serving.deleted_at)


def served_by(serving: Serving | None) -> ServedBy | None:
    """How the model was served; None if nothing served it."""
    if serving is None or serving.arn is None:
        return None
    return ServedBy(
        kind=serving.kind,
        arn=serving.arn,
        requested_at=serving.requested_at,
        in_service_at=serving.in_service_at,
        deleted_at=serving.deleted_at,
        served_seconds=served_seconds(serving.in_service_at, serving.deleted_at),
    )


def with_overhead(throughput: ThroughputFigures | None, tuned: AnswerFigures) -> ThroughputFigures | None:
    """The figures with the seconds that were billed and in which no question was answered."""
    answering = answering_seconds([tuned])
    if throughput is None or not throughput.billed_seconds or answering is None:
        return throughput
    return throughput.model_copy(update={"overhead_seconds": round(throughput.billed_seconds - answering, 3)})


def throughput_usd(plan: Plan, throughput: ThroughputFigures, costs: Costs | None) -> float | None:
    """What this one throughput has cost; others may be in the same line of the run's cost."""
    if not throughput.billed_seconds:
        return throughput.billed_seconds
    return throughput_line(plan, costs.prices, [throughput.billed_seconds], "").usd if costs else None
