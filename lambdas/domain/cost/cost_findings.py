"""What an estimate says against a run: it is above the cap, or prices are not known."""

from lambdas.domain.core.finding import Finding
from lambdas.domain.cost.estimate import Estimate, amount, most_text
from lambdas.domain.cost.price_file import CHECK, FILE_NAME

CAP_CHECK = "cost-cap"


def cost_findings(estimate: Estimate, cap_usd: float | None, *, accept_unknown: bool) -> list[Finding]:
    """Findings on an estimate above the cap, and on prices that are unknown: an error unless they are accepted."""
    above = cap_usd is not None and (estimate.most_usd or estimate.known_usd) > cap_usd
    return [
        *([_above_cap(estimate, cap_usd)] if above and cap_usd is not None else []),
        *([_unknown_prices(estimate, accepted=accept_unknown)] if estimate.unknown else []),
    ]


def _unknown_prices(estimate: Estimate, *, accepted: bool) -> Finding:
    places = ", ".join(sorted({line.price for line in estimate.lines if line.usd is None}))
    unknown = f"The prices of these are not known: {'; '.join(estimate.unknown)}."
    rest = f"The rest is estimated at {amount(estimate.known_usd)} USD"
    remedy = (
        f"Run `fine-tune prices`, which asks AWS's Price List, or fill in {places} in {FILE_NAME} at the root of the "
        "input bucket (docs/cost.md)"
    )
    if accepted:
        message = f"{unknown} {rest}, which is all that a cap can count with."
        return Finding(check=CHECK, severity="warning", message=message, remedy=f"{remedy}.")
    remedy = f"{remedy}. To start all the same, set accept_unknown_prices in cdk.json to true, and deploy."
    return Finding(check=CHECK, severity="error", message=f"{unknown} {rest}.", remedy=remedy)


def _above_cap(estimate: Estimate, cap_usd: float) -> Finding:
    largest = max(estimate.lines, key=lambda line: line.usd or 0.0)
    estimated = f"{'at least ' if estimate.unknown else ''}{estimate.known_usd:.2f} USD{most_text(estimate)}"
    return Finding(
        check=CAP_CHECK,
        severity="error",
        message=(
            f"The run is estimated at {estimated}, above its cap of {cap_usd:.2f} USD; most of it is {largest.item}."
        ),
        remedy=(
            "Make the run cheaper (fewer epochs, jobs, candidates to serve, model units, models to compare, judges, "
            "synthetic pairs or test records), or raise the cap: the lower one of max_cost_usd in run.json and "
            "max_run_cost_usd in cdk.json counts."
        ),
    )
