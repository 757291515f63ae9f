"""The reconciler's part that deletes custom models which nobody has used for `keep_models_days`, told a week before."""

from collections.abc import Iterator, Sequence

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Conflict, NotFound, Refused
from lambdas.domain.core.errors import NotReconciled, ServiceBusy
from lambdas.domain.core.notification import Notification
from lambdas.domain.core.run import run_of_bedrock_name
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.evaluation.champion import UnreadableChampionError
from lambdas.domain.serving.kinds import KINDS
from lambdas.domain.serving.reconciliation import Scope
from lambdas.domain.training.model_age import (
    NEVER_DELETED_TAG,
    AgeingModel,
    Fate,
    ModelNotice,
    Use,
    deletion_message,
    deletion_time,
    is_ours,
    judge,
    may_be_due,
    notice_message,
)
from lambdas.steps.observability import logger


def expire_models(scope: Scope, keep_days: int, *, adapters: Adapters) -> None:
    """Tells of models that go in a week, and deletes those of which people were told. Raises NotReconciled.

    What cannot be known now waits for the next turn: a model is deleted only where all is known.
    """
    try:
        _expire(scope, keep_days, adapters)
    except ServiceBusy as error:
        logger.warning("Custom models not looked through", extra={"trouble": str(error)})
    except (Refused, UnreadableChampionError) as error:
        raise NotReconciled(f"Custom models were not looked through for keep_models_days: {error}") from error


def _expire(scope: Scope, keep_days: int, adapters: Adapters) -> None:
    moment = now()
    models = [*_ageing(scope, keep_days, adapters, moment)]
    fates = {model: judge(model, keep_days, moment) for model in models}
    for model in (one for one, fate in fates.items() if fate is Fate.FORGET_NOTICE):
        adapters.model_notices.write(scope.bucket, model.name, ModelNotice(model_arn=model.arn, told_at=None))
    told = [model for model, fate in fates.items() if fate is Fate.TELL]
    if told:
        # Told first: a notice that nobody has got must not count.
        _publish(notice_message(scope.terms.environment, told, keep_days, moment), scope, adapters)
        for model in told:
            adapters.model_notices.write(scope.bucket, model.name, ModelNotice(model_arn=model.arn, told_at=moment))
    due = [model for model, fate in fates.items() if fate is Fate.DELETE]
    gone = [model for model in _not_needed(due, scope, keep_days, adapters, moment) if _delete(model, adapters)]
    if gone:
        _publish(deletion_message(scope.terms.environment, gone, keep_days), scope, adapters)


def _ageing(scope: Scope, keep_days: int, adapters: Adapters, moment: str) -> Iterator[AgeingModel]:
    """The environment's models that are old enough to be told of, with what uses them."""
    environment = scope.terms.environment
    old = [
        one
        for one in adapters.bedrock.list_custom_models()
        if run_of_bedrock_name(environment, one.name) and may_be_due(one.created_at, keep_days, moment)
    ]
    if not old:
        return
    champion = adapters.champion.read_champion(environment)
    served = set(_served(adapters))
    for one in old:
        try:
            tags = adapters.bedrock.tags_of(one.arn)
        except NotFound:
            continue
        if not is_ours(tags, environment):
            continue
        use = (
            Use.CHAMPION
            if champion is not None and champion[0].model_arn == one.arn
            else Use.SERVED
            if one.arn in served
            else Use.TAGGED
            if tags.get(NEVER_DELETED_TAG) == "true"
            else None
        )
        notice = adapters.model_notices.read(scope.bucket, one.name, one.arn)
        yield AgeingModel(one.arn, one.name, one.created_at, use, notice)


def _served(adapters: Adapters) -> Iterator[str]:
    """The ARNs of all custom models that anything in the account serves, whoever made that."""
    for kind in KINDS:
        for listed in adapters.served_models.list_all(kind):
            found = adapters.served_models.find(kind, listed.arn)
            if found is not None:
                yield found.model_arn


def _not_needed(
    due: Sequence[AgeingModel], scope: Scope, keep_days: int, adapters: Adapters, moment: str
) -> Sequence[AgeingModel]:
    """Those that no run can be about to serve: a run under way may go on from any, for as long as a run can take."""
    if not due or not any(True for _ in adapters.executions.running(scope.state_machine_arn)):
        return due
    longest = scope.terms.longest_run_hours * 3600
    return [
        model
        for model in due
        if model.notice is not None
        and model.notice.told_at is not None
        and moment >= later(deletion_time(model.created_at, model.notice.told_at, keep_days), longest)
    ]


def _delete(model: AgeingModel, adapters: Adapters) -> bool:
    try:
        return adapters.bedrock.delete_custom_model(model.arn)
    except Conflict as conflict:
        # Something has begun to serve it since it was looked at.
        logger.warning("Custom model in use", extra={"model_arn": model.arn, "trouble": str(conflict)})
        return False


def _publish(message: Notification, scope: Scope, adapters: Adapters) -> None:
    logger.warning(message.message)
    if scope.topic_arn is not None:
        adapters.topic.publish(scope.topic_arn, message)
