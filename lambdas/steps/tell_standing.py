"""The reconciler's messages about what serves applications: daily of what is kept, and of leases that have ended."""

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.notification import Notification
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving.reconciliation import FoundServing, Scope, Turn
from lambdas.domain.serving.standing_notices import StandingNotice, ended_message, is_due, is_kept, kept_message
from lambdas.steps.observability import logger
from lambdas.steps.tell_reconciliation import read_prices_of


def tell_standing(turn: Turn, scope: Scope, *, adapters: Adapters) -> None:
    """Tells the topic what there is to tell. Raises ServiceBusy and Refused."""
    ended = [found for found in turn.deleted if found.standing]
    if ended:
        prices = read_prices_of(ended, scope, adapters)
        _publish(ended_message(scope.terms.environment, ended, prices, now()), scope, adapters)
    _tell_kept([found for found in turn.kept if is_kept(found)], scope, adapters)


def _tell_kept(kept: list[FoundServing], scope: Scope, adapters: Adapters) -> None:
    moment, notices = now(), adapters.standing_notices
    due = [found for found in kept if is_due(found, notices.read(scope.bucket, found.run_id or ""), moment)]
    if not due:
        return
    # Told first: a notice that nobody has got must not count.
    _publish(kept_message(scope.terms.environment, due, read_prices_of(due, scope, adapters), moment), scope, adapters)
    for found in due:
        notices.write(scope.bucket, found.run_id or "", StandingNotice(arn=found.arn, told_at=moment))


def _publish(message: Notification, scope: Scope, adapters: Adapters) -> None:
    logger.warning(message.message)
    if scope.topic_arn is not None:
        adapters.topic.publish(scope.topic_arn, message)
