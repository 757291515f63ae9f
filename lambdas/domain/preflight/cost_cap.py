"""Checks of what the run will cost: whether the price file can be read, and whether the estimate is within the cap."""

from collections.abc import Mapping, Sequence
from typing import Any

from lambdas.domain.core.finding import Finding, Severity
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.cost.estimate import CAP_CHECK, Estimate, cost_findings, deployment_prices, estimate
from lambdas.domain.cost.price_file import CHECK, Prices
from lambdas.domain.preflight.checks import Check, unmade


def cost_checks(
    plan: Mapping[str, Any], prices: Prices | Sequence[Finding] | Unknown, model_unit_price_per_hour: float | None
) -> tuple[list[Check], Estimate | None]:
    """The checks `prices` and `cost-cap`, and the estimate where there is one."""
    cap = plan.get("max_cost_usd")
    if isinstance(prices, Unknown):
        # Without a cap nobody asked for a limit on what is spent.
        severity: Severity = "warning" if cap is None else "error"
        unread = unmade(CHECK, prices, severity, "Allow s3:GetObject on prices.json in the input bucket.")
        return [unread, Check(CAP_CHECK, skipped="The price file could not be read.")], None
    if not isinstance(prices, Prices):
        return [Check(CHECK, tuple(prices)), Check(CAP_CHECK, skipped="The price file has faults.")], None
    if "tokens" not in plan:
        return [Check(CHECK), Check(CAP_CHECK, skipped="There is no data set to estimate from.")], None
    estimated = estimate(plan, deployment_prices(prices, plan, model_unit_price_per_hour))
    findings = cost_findings(estimated, cap)
    of = {check: tuple(finding for finding in findings if finding.check == check) for check in (CHECK, CAP_CHECK)}
    return [Check(CHECK, of[CHECK]), Check(CAP_CHECK, of[CAP_CHECK])], estimated
