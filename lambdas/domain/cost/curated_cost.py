"""What a run costs whose training sets are the final ones: held against its cap before anything trains."""

from collections.abc import Sequence

from lambdas.domain.cost.estimate import Estimate, amount
from lambdas.domain.cost.failed_run import FailedUsage, failed_cost
from lambdas.domain.cost.lines import CURATION_PREFIX, TRAINING, planned_epochs, token_epochs
from lambdas.domain.curation.token_use import CurationUse
from lambdas.domain.plan.plan import Plan


def explain_above_cap(plan: Plan, estimate: Estimate, used: Sequence[CurationUse]) -> str | None:
    """Why a curated run must not train; None within its cap.

    It counts with what models have used, with the sets as they are now, and with the rest as it was estimated.
    """
    if plan.max_cost_usd is None:
        return None
    counted = failed_cost(plan, estimate, FailedUsage(curation=used)).actual.known_usd
    trained = token_epochs(plan, planned_epochs(plan)) / 1000
    for line in estimate.lines:
        if line.id == TRAINING:
            counted += trained * (line.unit_price_usd or 0.0)
        elif not line.id.startswith(CURATION_PREFIX):
            counted += line.usd or 0.0
    if counted <= plan.max_cost_usd:
        return None
    return (
        f"With its curated training data the run would cost {amount(counted)} USD, above its cap of "
        f"{amount(plan.max_cost_usd)} USD. Nothing was trained. Ask for fewer pairs in synthesis.pairs_per_document, "
        "train for fewer epochs, or raise max_cost_usd in run.json, and upload the data set again."
    )
