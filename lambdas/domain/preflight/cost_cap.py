"""Checks of what the run will cost: whether the price file can be read, and whether the estimate is within the cap."""

from collections.abc import Sequence

from lambdas.domain.core.finding import Finding, Severity
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.cost.cost_findings import CAP_CHECK, cost_findings
from lambdas.domain.cost.estimate import Estimate, environment_prices, estimate
from lambdas.domain.cost.price_file import CHECK, Prices
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.checks import Check, report_unknown


def cost_checks(
    plan: Plan | None,
    cap: float | None,
    prices: Prices | Sequence[Finding] | Unknown,
    model_unit_price_per_hour: float | None,
    *,
    accept_unknown_prices: bool,
) -> tuple[list[Check], Estimate | None]:
    """The checks `prices` and `cost-cap`, and the estimate, where there is a data set to plan with."""
    if isinstance(prices, Unknown):
        severity: Severity = "warning" if accept_unknown_prices else "error"
        unread = report_unknown(CHECK, prices, severity, "Allow s3:GetObject on prices.json in the input bucket.")
        return [unread, Check(CAP_CHECK, skipped="The price file could not be read.")], None
    if not isinstance(prices, Prices):
        return [Check(CHECK, tuple(prices)), Check(CAP_CHECK, skipped="The price file has errors.")], None
    if plan is None:
        return [Check(CHECK), Check(CAP_CHECK, skipped="There is no data set to estimate from.")], None
    estimated = estimate(plan, environment_prices(prices, plan, model_unit_price_per_hour))
    findings = cost_findings(estimated, cap, accept_unknown=accept_unknown_prices)
    of = {check: tuple(finding for finding in findings if finding.check == check) for check in (CHECK, CAP_CHECK)}
    return [Check(CHECK, of[CHECK]), Check(CAP_CHECK, of[CAP_CHECK])], estimated
