"""When a custom model that nobody uses is deleted (the setting `keep_models_days`), and how people are told before."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.core.run import PROJECT
from lambdas.domain.core.timestamps import later

# Whoever is told has so long to keep the model.
NOTICE_DAYS = 7
DAY_SECONDS = 86_400
# A tag that anybody may give a model, also by `tags` in run.json.
NEVER_DELETED_TAG = "never-delete"
PREFIX = "model-notices/"


class ModelNotice(Fact):
    """`model-notices/<model>.json`: when people were told that the model goes, null where that no longer holds."""

    model_arn: str
    told_at: str | None


class Use(StrEnum):
    """Why a model stays, whatever its age."""

    CHAMPION = "it is the champion"
    SERVED = "something serves it"
    TAGGED = f"its tag {NEVER_DELETED_TAG} keeps it"


class Fate(StrEnum):
    """What is to be done with a model now."""

    KEEP = "keep"
    FORGET_NOTICE = "forget notice"
    TELL = "tell"
    DELETE = "delete"


class AgeingModel(NamedTuple):
    """A custom model of the environment; `notice` is None where nobody was ever told of it."""

    arn: str
    name: str
    created_at: str
    use: Use | None
    notice: ModelNotice | None


def notice_key(name: str) -> str:
    """Where the model's notice is in the output bucket."""
    return f"{PREFIX}{name}.json"


def is_ours(tags: Mapping[str, str], environment: str) -> bool:
    """Whether the tags of a model prove that a run of the environment has made it."""
    return tags.get("project") == PROJECT and tags.get("deployment") == environment


def may_be_due(created_at: str, keep_days: int, now: str) -> bool:
    """Whether a model is old enough to be told of."""
    return now >= later(created_at, (keep_days - NOTICE_DAYS) * DAY_SECONDS)


def deletion_time(created_at: str, told_at: str, keep_days: int) -> str:
    """When a model goes of which people were told then."""
    return max(later(created_at, keep_days * DAY_SECONDS), later(told_at, NOTICE_DAYS * DAY_SECONDS))


def judge(model: AgeingModel, keep_days: int, now: str) -> Fate:
    """What is to be done with the model. One that was in use meanwhile is told of again before it goes."""
    told_at = model.notice.told_at if model.notice else None
    if model.use is not None:
        return Fate.KEEP if told_at is None else Fate.FORGET_NOTICE
    if not may_be_due(model.created_at, keep_days, now):
        return Fate.KEEP
    if told_at is None:
        return Fate.TELL
    return Fate.DELETE if now >= deletion_time(model.created_at, told_at, keep_days) else Fate.KEEP


def notice_message(environment: str, models: Sequence[AgeingModel], keep_days: int, told_at: str) -> Notification:
    """What is about to go, when, and how to keep it."""
    many = len(models) != 1
    lines = "\n".join(
        f"- {one.name}, made {one.created_at[:10]}, goes on "
        f"{deletion_time(one.created_at, told_at, keep_days)[:10]}: {one.arn}"
        for one in models
    )
    return notification(
        f"{environment}: {counted(len(models), 'custom model')} will be deleted",
        f"{'These custom models are' if many else 'This custom model is'} neither the champion nor served, and "
        f"keep_models_days is {keep_days}:\n\n{lines}\n\n"
        f"What you do not want to lose: serve it, or tag it (aws bedrock tag-resource --resource-arn <its ARN> --tags "
        f"key={NEVER_DELETED_TAG},value=true). A deleted model can only be trained again.",
    )


def deletion_message(environment: str, models: Sequence[AgeingModel], keep_days: int) -> Notification:
    """What has gone."""
    lines = "\n".join(f"- {one.name}, made {one.created_at[:10]}: {one.arn}" for one in models)
    return notification(
        f"{environment}: {counted(len(models), 'custom model')} deleted",
        f"Neither the champion nor served, and older than {counted(keep_days, 'day')} "
        f"(keep_models_days):\n\n{lines}\n\n"
        "Their storage is billed no more. The reports of their runs are still there.",
    )
