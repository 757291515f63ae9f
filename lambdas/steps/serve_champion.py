"""The reconciler serves the champion on demand (`serve_champion`), a step a turn: no turn waits for Bedrock.

Its deployment is there and serves the champion's model, and then the endpoint names it. Deployments are asked for by
their names: lists may lag behind. Whatever cuts a turn off, the next one goes on from what it finds; two at once do the
same, and what the second one asks for Bedrock refuses.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Conflict, NotFound, Refused, named_errors
from lambdas.domain.core.errors import NotReconciled, ServiceBusy
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.evaluation.champion import Champion, UnreadableChampionError
from lambdas.domain.evaluation.endpoint import Endpoint
from lambdas.domain.models.catalogue import UnknownBaseModelError, base_model
from lambdas.domain.serving.champion_serving import (
    DRAIN_SECONDS,
    LONG_SECONDS,
    RETRY_SECONDS,
    ChampionServing,
    Create,
    Remove,
    Serve,
    Step,
    Update,
    Wait,
    begin_serving,
    has_failed_to_get,
    next_step,
    trouble_message,
)
from lambdas.domain.serving.kinds import FAILED, ON_DEMAND, ServedModel
from lambdas.domain.serving.lease import is_proven_by_tags
from lambdas.domain.serving.reconciliation import Scope
from lambdas.domain.serving.standing import champion_names, standing_tags
from lambdas.steps.champion_endpoint import ChampionEndpoint, Unservable, have_same_form
from lambdas.steps.observability import logger


def serve_champion(scope: Scope, *, on_demand: bool, stack_id: str | None, adapters: Adapters) -> None:
    """Takes the next step towards a deployment that serves the champion, or none where that is not asked for.

    Raises NotReconciled.
    """
    try:
        deployments = _ChampionDeployments(scope, stack_id, adapters)
        if on_demand:
            deployments.serve()
        else:
            deployments.remove_all()
    except ServiceBusy as busy:
        logger.warning("Champion's deployment left as it is", extra={"trouble": str(busy)})
    except (Refused, UnreadableChampionError) as error:
        raise NotReconciled(f"The champion's deployment was not brought up to date: {error}") from error


class _ChampionDeployments:
    """Those of one environment, with its endpoint."""

    def __init__(self, scope: Scope, stack_id: str | None, adapters: Adapters) -> None:
        self._scope, self._stack_id, self._adapters = scope, stack_id, adapters
        self._environment = scope.terms.environment
        self._endpoint = ChampionEndpoint(self._environment, scope.bucket, adapters)
        self._state: ChampionServing | None = None
        self._endpoint.forget_what_is_gone()

    def remove_all(self) -> None:
        """Both deployments go, and the endpoint names neither."""
        if not any(self._find(name) for name in champion_names(self._environment)):
            return
        self._state = self._adapters.champion_servings.read(self._scope.bucket) or ChampionServing(model_arn="")
        for found in self._by_name().values():
            if found is not None:
                self._endpoint.release(found.arn)
                self._delete(found)

    def serve(self) -> None:
        """One step towards a deployment that serves the champion; without a champion all stays as it is."""
        named = self._adapters.champion.read_champion(self._environment)
        if named is None:
            return
        champion = named[0]
        stored = self._adapters.champion_servings.read(self._scope.bucket)
        self._state = state = begin_serving(champion.model_arn, stored)
        by_name = self._by_name()
        with self._told(champion):
            endpoint = self._endpoint.read()
            wanted = self._endpoint.wanted(champion, endpoint)
            step = next_step(
                champion.model_arn,
                by_name,
                endpoint.target_arn if endpoint else None,
                same_form=endpoint is None or have_same_form(endpoint, wanted),
                leaving=state.leaving,
            )
            logger.info("Champion's deployment", extra={"step": type(step).__name__})
            self._tell_failed_updates(champion, by_name)
            self._take(step, champion, wanted)

    def _take(self, step: Step, champion: Champion, wanted: Endpoint) -> None:
        match step:
            case Serve():
                self._switch(step, champion, wanted)
            case Create():
                self._create(step.name, champion)
            case Update():
                self._update(step, champion, wanted)
            case Remove():
                self._remove_from_the_way(step.deployment, champion)
            case Wait():
                self._wait(step.reason)

    def _switch(self, step: Serve, champion: Champion, wanted: Endpoint) -> None:
        """Tells applications of it, and deletes the others once nobody can be asking them any more."""
        state, deployment = self._current_state, step.deployment
        endpoint = self._endpoint.read()
        target = wanted.model_copy(update={"target_arn": deployment.arn})
        if not self._is_still(champion):
            return
        if endpoint != target and not self._endpoint.serves_elsewhere(endpoint, champion, state.leaving):
            if self._stack_goes():
                return
            if not self._adapters.endpoint.replace_endpoint(self._environment, endpoint, target, champion.report):
                # Somebody has changed it meanwhile: the next turn looks at that.
                return
            logger.info("Champion in service", extra={"serving_arn": deployment.arn, "run_id": champion.run_id})
            self._keep(state.model_copy(update={"switched_at": now()}))
            self._tag(deployment, champion)
            return
        if not step.others:
            return
        if state.switched_at is None:
            self._keep(state.model_copy(update={"switched_at": now()}))
        elif now() >= later(state.switched_at, DRAIN_SECONDS):
            for other in step.others:
                self._delete_unnamed(other)

    def _update(self, step: Update, champion: Champion, wanted: Endpoint) -> None:
        if not self._may_begin(champion):
            return
        try:
            self._adapters.deployments.update(step.deployment.arn, champion.model_arn)
        except Conflict as conflict:
            # Another turn updates it, or somebody deletes it.
            logger.info("Champion's deployment not updated yet", extra={"trouble": str(conflict)})
        except Refused as refusal:
            logger.warning("Update refused: a second deployment is made", extra={"trouble": str(refusal)})
            self._take(step.otherwise, champion, wanted)

    def _create(self, name: str, champion: Champion) -> None:
        retry_at = self._current_state.retry_at
        if (retry_at is not None and now() < retry_at) or not self._may_begin(champion):
            return
        tags = standing_tags(self._environment, champion.run_id, None)
        try:
            # The name alone keeps two turns from making two: a token may bring back what was deleted since.
            arn = self._adapters.deployments.create(name, str(uuid4()), champion.model_arn, tags)
        except Refused as refusal:
            if self._find(name) is None:
                raise Unservable(f"Bedrock has refused to deploy the champion: {refusal}.") from refusal
            return
        logger.info("Champion's deployment requested", extra={"serving_arn": arn, "run_id": champion.run_id})
        self._keep(self._current_state.model_copy(update={"made": (*self._current_state.made[-5:], arn)}))

    def _may_begin(self, champion: Champion) -> bool:
        """Notes that a call to Bedrock begins; False where it must not. Raises Unservable."""
        self._require_on_demand(champion)
        # Written before the stack is looked at: its deletion waits for what may have been begun before it.
        self._keep(self._current_state.model_copy(update={"began_at": now()}))
        return self._is_still(champion) and not self._stack_goes()

    def _wait(self, reason: str) -> None:
        began_at = self._current_state.began_at
        logger.info("Waiting for the champion's deployment", extra={"reason": reason})
        if began_at is not None and now() >= later(began_at, LONG_SECONDS):
            hours = LONG_SECONDS // 3600
            raise Unservable(f"This has gone on for more than {hours} hours: {reason}. Look at it in Bedrock.")

    def _remove_from_the_way(self, deployment: ServedModel, champion: Champion) -> None:
        if deployment.status == FAILED:
            self._keep(self._current_state.model_copy(update={"retry_at": later(now(), RETRY_SECONDS)}))
        self._endpoint.release(deployment.arn)
        self._delete(deployment)
        if deployment.status == FAILED:
            hours = RETRY_SECONDS // 3600
            said = deployment.failure_message or "Bedrock does not say why"
            raise Unservable(
                f"The custom model deployment {deployment.arn} has failed: {said}. It is deleted, and another one is "
                f"made in {hours} hours."
            )

    def _require_on_demand(self, champion: Champion) -> None:
        try:
            serving = base_model(champion.base_model).serving
        except UnknownBaseModelError:
            # Bedrock knows better than a catalogue that has lost an entry.
            return
        if ON_DEMAND not in serving:
            raise Unservable(
                f"A tuned {champion.base_model} cannot be served on demand, and nothing is bought without you: "
                "fine-tune serve champion --hours <hours> buys throughput for it."
            )

    def _is_still(self, champion: Champion) -> bool:
        """A turn that was held up must not undo what a later one has done for a newer champion."""
        named = self._adapters.champion.read_champion(self._environment)
        return named is not None and named[0].model_arn == champion.model_arn

    def _stack_goes(self) -> bool:
        if self._stack_id is None:
            return False
        with named_errors("DescribeStacks"):
            return self._adapters.stacks.is_being_removed(self._stack_id)

    def _by_name(self) -> dict[str, ServedModel | None]:
        """The deployment of each name that is free or has ours; what somebody else has named so is theirs."""
        found = {name: self._find(name) for name in champion_names(self._environment)}
        return {name: one for name, one in found.items() if one is None or self._is_ours(one)}

    def _find(self, name: str) -> ServedModel | None:
        return self._adapters.deployments.find(name)

    def _is_ours(self, deployment: ServedModel) -> bool:
        """By what was noted when it was made: tags may lag behind, or be removed."""
        if deployment.arn in self._current_state.made:
            return True
        try:
            return is_proven_by_tags(self._adapters.bedrock.tags_of(deployment.arn), self._environment)
        except NotFound:
            return False

    def _delete_unnamed(self, deployment: ServedModel) -> None:
        endpoint = self._endpoint.read()
        if endpoint is None or endpoint.target_arn != deployment.arn:
            self._delete(deployment)

    def _delete(self, deployment: ServedModel) -> None:
        try:
            self._adapters.deployments.delete(deployment.arn)
        except Conflict as conflict:
            logger.info("Champion's deployment not deleted yet", extra={"trouble": str(conflict)})
            return
        logger.info("Champion's deployment deleted", extra={"serving_arn": deployment.arn})
        state = self._current_state
        if deployment.arn not in state.leaving:
            self._keep(state.model_copy(update={"leaving": (*state.leaving[-5:], deployment.arn)}))

    def _tag(self, deployment: ServedModel, champion: Champion) -> None:
        """After an update its tags would name the run of the model before."""
        try:
            self._adapters.bedrock.tag(deployment.arn, standing_tags(self._environment, champion.run_id, None))
        except (Refused, ServiceBusy) as trouble:
            logger.warning("Champion's deployment not tagged", extra={"trouble": str(trouble)})

    def _tell_failed_updates(self, champion: Champion, by_name: dict[str, ServedModel | None]) -> None:
        for found in by_name.values():
            if found is not None and has_failed_to_get(found, champion.model_arn):
                self._tell(
                    champion,
                    f"The update of the custom model deployment {found.arn} to the champion has failed. A second one "
                    "is made beside it.",
                )

    @contextmanager
    def _told(self, champion: Champion) -> Iterator[None]:
        """People are told of what stands in the way."""
        try:
            yield
        except Unservable as trouble:
            self._tell(champion, str(trouble))

    def _tell(self, champion: Champion, trouble: str) -> None:
        """Once for each trouble of this champion."""
        state = self._current_state
        if trouble in state.told:
            return
        endpoint = self._endpoint.read()
        target = endpoint.target_arn if endpoint else None
        message = trouble_message(self._environment, champion.run_id, champion.model_arn, target, trouble)
        logger.warning(message.message)
        if self._scope.topic_arn is not None:
            self._adapters.topic.publish(self._scope.topic_arn, message)
        self._keep(state.model_copy(update={"told": (*state.told[-9:], trouble)}))

    @property
    def _current_state(self) -> ChampionServing:
        if self._state is None:
            raise RuntimeError("The state is read before any step.")
        return self._state

    def _keep(self, state: ChampionServing) -> None:
        self._state = state
        self._adapters.champion_servings.write(self._scope.bucket, state)
