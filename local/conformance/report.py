"""`report.json` and `report.html`: what was asked, what was answered, and how it differs from what is assumed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from lambdas.domain.core.timestamps import now
from lambdas.domain.report.templates import code
from local.bedrock.assumptions import Assumption, by_id, read_register
from local.conformance.check import Outcome
from local.conformance.lifecycle import Lifecycle
from local.conformance.redaction import redacted, redacted_text, shown_answer

SIMULATED_BEDROCK = "the simulated Bedrock"
AMAZON_BEDROCK = "Amazon Bedrock"
STATUSES = ("different", "not checked", "as assumed")


@dataclass(frozen=True)
class ConformanceResult:
    """What a start of the checks came to."""

    target: str
    tier: str
    regions: tuple[str, ...]
    outcomes: Sequence[Outcome]
    lifecycle: Lifecycle | None
    cut_short: str | None = None
    made_at: str = field(default_factory=now)

    @property
    def counts(self) -> dict[str, int]:
        """By status."""
        counted = Counter(outcome.status for outcome in self.outcomes)
        return {status: counted[status] for status in STATUSES}  # type: ignore[index] # the same words

    @property
    def stopped(self) -> str | None:
        """Why not all was checked."""
        return self.cut_short or (self.lifecycle.stopped if self.lifecycle else None)

    @property
    def succeeded(self) -> bool:
        """Whether all was checked, is as assumed, and nothing is left."""
        is_left = self.lifecycle is not None and bool(self.lifecycle.left)
        return not self.stopped and not is_left and self.counts["as assumed"] == len(self.outcomes)


def document(result: ConformanceResult) -> dict[str, Any]:
    """The content of `report.json`, in which nothing tells whose account it was."""
    register = by_id(read_register())
    life = result.lifecycle
    return {
        "target": result.target,
        "tier": result.tier,
        "regions": list(result.regions),
        "made_at": result.made_at,
        "boto3": version("boto3"),
        "counts": result.counts,
        "succeeded": result.succeeded,
        "state_seconds": life.times if life else {},
        "stopped": redacted(result.stopped),
        "left": redacted(life.left) if life else [],
        "checks": [_check(outcome, register) for outcome in result.outcomes],
    }


def page(written: Mapping[str, Any]) -> str:
    """`report.html`, of the content of `report.json`."""
    made = Environment(
        # The style is that of a run's report.
        loader=ChoiceLoader([PackageLoader("local.conformance"), PackageLoader("lambdas.domain.report")]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["code"] = code
    made.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    groups = {status: [one for one in written["checks"] if one["status"] == status] for status in STATUSES}
    is_simulated = written["target"] == SIMULATED_BEDROCK
    return made.get_template("conformance.html.j2").render(report=written, groups=groups, is_simulated=is_simulated)


def _check(outcome: Outcome, register: Mapping[str, Assumption]) -> dict[str, Any]:
    seen, check = outcome.seen, outcome.check
    known = [register[name] for name in check.rests_on]
    return {
        "id": check.id,
        "tier": str(check.tier),
        "status": outcome.status,
        "difference": redacted_text(outcome.text),
        "rests_on": [
            {"id": one.id, "statement": one.statement, "status": str(one.status), "if_wrong": one.if_wrong}
            for one in known
        ],
        "expected": redacted_text(f"It {check.expects}."),
        "request": {
            "operation": seen.request.operation,
            "region": seen.request.region,
            "parameters": redacted(seen.request.parameters),
        }
        if seen
        else None,
        "answer": shown_answer(seen) if seen else None,
        "refusal": {"code": seen.refusal.code, "message": redacted_text(seen.refusal.message)}
        if seen and seen.refusal
        else None,
    }
