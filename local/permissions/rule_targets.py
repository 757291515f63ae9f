"""What EventBridge does for a rule is decided first: with the target's role, or by the policy of the target itself.

A target that refuses gets no event. As on AWS the event then goes to the target's dead-letter queue, where that queue's
policy lets the rule send it; nothing is tried again.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge

from local import patches
from local.permissions.calls import UnknownCallError
from local.permissions.guard import REFUSED, Guard
from local.permissions.request import AccessRequest, Origin, session_of

ORIGIN: Origin = "rule"
EVENTS = "events.amazonaws.com"
# By the target's service: what its role must allow, and what its own policy must.
WITH_ROLE = {"states": "states:StartExecution", "events": "events:PutEvents"}
WITH_POLICY = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}

logger = logging.getLogger(__name__)


class RuleTargets:
    """`apply` patches the imported ministack, in place."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def apply(self) -> None:
        """Raises UnknownMinistackError where ministack is not as expected."""
        for name in ("_invoke_target", "_dispatch_to_sqs", "_rule_arn"):
            patches._expect(eventbridge, name)
        eventbridge._invoke_target = self._invoking(eventbridge._invoke_target)

    def _invoking(self, invoke: Callable[..., Any]) -> Callable[..., Any]:
        def invoke_if_allowed(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> Any:
            try:
                if self._is_allowed(target, rule):
                    return invoke(target, event, rule, view)
                logger.warning("EventBridge may not deliver to %s for %s", target["Arn"], rule["Name"])
                self._give_up(target, event, rule)
            except REFUSED:
                # Other targets of the event still get it; the record has what could not be decided.
                logger.exception("Whether EventBridge may deliver to %s is not known", target["Arn"])
            return None

        return invoke_if_allowed

    def _is_allowed(self, target: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
        service = parse_arn(target["Arn"]).service
        if service in WITH_ROLE:
            role = str(target.get("RoleArn") or rule.get("RoleArn") or "")
            trusted = bool(role) and self._guard.may_assume(EVENTS, role, _arn(rule), ORIGIN)
            return trusted and self._may(session_of(role, rule["Name"]), WITH_ROLE[service], target["Arn"], {})
        if service in WITH_POLICY:
            return self._may(EVENTS, WITH_POLICY[service], target["Arn"], _source(rule))
        error = UnknownCallError(f"Which permission a target of {service} needs is not known: add it to {__name__}.")
        self._guard.undecided(AccessRequest(EVENTS, service, (target["Arn"],), _source(rule), ORIGIN), error)
        raise error

    def _give_up(self, target: Mapping[str, Any], event: Any, rule: Mapping[str, Any]) -> None:
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue and self._may(EVENTS, "sqs:SendMessage", queue, _source(rule)):
            eventbridge._dispatch_to_sqs(parse_arn(queue), json.dumps(event, default=str))

    def _may(self, principal: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
        return self._guard.refusal(AccessRequest(principal, action, (resource,), context, ORIGIN)) is None


def _source(rule: Mapping[str, Any]) -> dict[str, str]:
    """For which rule EventBridge asks."""
    return {"aws:SourceArn": _arn(rule), "aws:SourceAccount": get_account_id(), "aws:RequestedRegion": get_region()}


def _arn(rule: Mapping[str, Any]) -> str:
    return str(rule.get("Arn") or eventbridge._rule_arn(rule["Name"], rule.get("EventBusName", "default")))
