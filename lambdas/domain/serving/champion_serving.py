"""How the champion's own deployment comes to serve the champion: the next step, from what Bedrock says of it.

There are two names for it, so that a new deployment can be in service before the old one goes. An update in place keeps
the ARN and needs no second one. It is for what applications ask in the same form as before: the form and the target
of their endpoint change together, and nobody can tell the very moment at which an update takes effect.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.serving.kinds import CREATING, IN_SERVICE, UPDATE_FAILED, UPDATING, ServedModel

STATE_KEY = "champion-serving.json"
# So long after its last check of the stack a call that makes a deployment may still take effect.
SETTLE_SECONDS = 120
# Applications may keep their endpoint for a minute, and an answer takes another one: so long the old one serves on.
DRAIN_SECONDS = 300
# After a deployment that failed, the next one is made no sooner.
RETRY_SECONDS = 6 * 3600
# A creation or an update takes minutes: after so long people are told.
LONG_SECONDS = 2 * 3600


class ChampionServing(Fact):
    """`champion-serving.json` in the output bucket: what was begun for this champion, and what people were told of it.

    `began_at` is when a deployment was last made or updated, `switched_at` when applications were last told of another
    one, and `retry_at` when the next one may be made. `made` are the ARNs of the last ones, `leaving` those whose
    deletion Bedrock has accepted.
    """

    model_arn: str
    began_at: str | None = None
    switched_at: str | None = None
    retry_at: str | None = None
    made: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def begin_serving(model_arn: str, stored: ChampionServing | None) -> ChampionServing:
    """What was begun for this champion; of an earlier one only the deployments are still known."""
    if stored is None:
        return ChampionServing(model_arn=model_arn)
    if stored.model_arn == model_arn:
        return stored
    return ChampionServing(model_arn=model_arn, began_at=stored.began_at, made=stored.made, leaving=stored.leaving)


@dataclass(frozen=True)
class Serve:
    """The deployment serves the champion: applications may ask it, and the others can go."""

    deployment: ServedModel
    others: tuple[ServedModel, ...]


@dataclass(frozen=True)
class Wait:
    """Time brings what is missing."""

    reason: str


@dataclass(frozen=True)
class Create:
    """A deployment of this name is to be made."""

    name: str


@dataclass(frozen=True)
class Update:
    """The deployment is to get the champion's model; where Bedrock refuses that, `otherwise` is to be done."""

    deployment: ServedModel
    otherwise: "Create | Remove | Wait"


@dataclass(frozen=True)
class Remove:
    """The deployment is in the way, or has failed."""

    deployment: ServedModel


Step = Serve | Wait | Create | Update | Remove


def next_step(
    model_arn: str,
    by_name: Mapping[str, ServedModel | None],
    target_arn: str | None,
    *,
    same_form: bool,
    leaving: Collection[str] = (),
) -> Step:
    """What is to be done so that a deployment of one of these names serves the model.

    `target_arn` is what applications ask now; `same_form` says that they ask the champion as they ask that.
    """
    found = [one for one in by_name.values() if one is not None and one.arn not in leaving]
    serving = _named_first((one for one in found if serves(one, model_arn)), target_arn)
    if serving:
        return Serve(serving[0], tuple(one for one in found if one.arn != serving[0].arn))
    if any(_will_serve(one, model_arn) for one in found):
        return Wait("a deployment is on its way to serve the champion")
    broken = [one for one in found if one.status not in (CREATING, IN_SERVICE)]
    if broken:
        return Remove(broken[0])
    current = _named_first((one for one in found if one.status == IN_SERVICE), target_arn)
    otherwise = _make_another(by_name, current)
    if not current or has_failed_to_get(current[0], model_arn) or not (same_form or current[0].arn != target_arn):
        return otherwise
    if current[0].is_mutating:
        return Wait("the deployment is still being updated to an earlier champion")
    return Update(current[0], otherwise)


def has_failed_to_get(deployment: ServedModel, model_arn: str) -> bool:
    """Whether its last update was to this model, and failed."""
    update = deployment.update
    return update is not None and (update.model_arn, update.status) == (model_arn, UPDATE_FAILED)


def trouble_message(
    environment: str, run_id: str, model_arn: str, target_arn: str | None, trouble: str
) -> Notification:
    """That the champion is not served as it should be, why, and what applications ask meanwhile."""
    meanwhile = (
        "Nothing is served for applications."
        if target_arn is None
        else f"Applications go on asking {target_arn}, which serves what it has served before."
    )
    return notification(
        f"{environment}: champion not in service",
        f"{trouble}\n\n{meanwhile} The reconciler goes on trying.\n\nChampion: {model_arn}\nRun: {run_id}",
    )


def serves(deployment: ServedModel, model_arn: str) -> bool:
    """Whether it answers with this model, and goes on doing so."""
    update = deployment.update
    leaves = update is not None and update.status == UPDATING and update.model_arn != model_arn
    return deployment.status == IN_SERVICE and deployment.model_arn == model_arn and not leaves


def _will_serve(deployment: ServedModel, model_arn: str) -> bool:
    if deployment.status == CREATING:
        return deployment.model_arn == model_arn
    update = deployment.update
    return update is not None and (update.model_arn, update.status) == (model_arn, UPDATING)


def _named_first(deployments: Iterable[ServedModel], target_arn: str | None) -> list[ServedModel]:
    return sorted(deployments, key=lambda one: one.arn != target_arn)


def _make_another(by_name: Mapping[str, ServedModel | None], current: list[ServedModel]) -> Create | Remove | Wait:
    free = [name for name, one in by_name.items() if one is None]
    if free:
        return Create(free[0])
    # Both names are taken: what serves nobody goes first.
    surplus = current[1:]
    return Remove(surplus[0]) if surplus else Wait("the names of the champion's deployments are taken")
