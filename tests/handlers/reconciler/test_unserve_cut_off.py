"""`fine-tune unserve` killed before and behind each of its calls: the reconciler ends what is on its way out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lambdas.domain.evaluation.endpoint import Endpoint
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import PROVISIONED
from lambdas.domain.serving.standing import SETTLE_SECONDS, NotEndedError, standing_tags
from lambdas.handlers import reconcile_throughput
from lambdas.steps import reconcile as reconcile_module
from lambdas.steps.unserve_model import begin_end, end_serving, find_own_standing
from tests.handlers.conftest import OUTPUT_BUCKET
from tests.handlers.reconciler.conftest import DEPLOYMENT, HAIKU, SCHEDULE, World
from tests.handlers.reconciler.test_standing_servings import hold, serve

BEFORE, BEHIND = "before-call", "after-call"
TAG = "TagResource"


class KilledError(BaseException):
    """Nothing of the process goes on."""


class Unserve:
    """A kept serving that the endpoint names, and somebody who ends it."""

    def __init__(self, world: World, kind: ServingKind) -> None:
        self.world, self.run = world, world.run()[0]
        self.arn = serve(world, self.run, kind, None)
        if kind == PROVISIONED:
            hold(world, self.run, None, SETTLE_SECONDS)
        model = f"arn:aws:bedrock:{self.arn.split(':')[3]}:{self.arn.split(':')[4]}:custom-model/{HAIKU}/abcdefghijkl"
        endpoint = Endpoint(run_id=self.run, model_arn=model, target_arn=self.arn)
        world.adapters.endpoint.write_endpoint(DEPLOYMENT, endpoint, "")

    def __call__(self, pause: Callable[[], bool] | None = None) -> None:
        adapters = self.world.adapters
        wait = pause or self._advance
        found = find_own_standing(DEPLOYMENT, self.run, bucket=OUTPUT_BUCKET, adapters=adapters)
        begin_end(DEPLOYMENT, self.run, found, adapters=adapters, pause=wait)
        for one in found:
            end_serving(self.run, one, bucket=OUTPUT_BUCKET, adapters=adapters, pause=wait)

    def _advance(self) -> bool:
        self.world.clock.advance(60)
        return True

    @property
    def target(self) -> str | None:
        endpoint = self.world.adapters.endpoint.read_endpoint(DEPLOYMENT)
        return endpoint.target_arn if endpoint else None


@contextmanager
def watched(world: World, moment: str, act: Callable[[str], None]) -> Iterator[None]:
    """Lets `act` have the name of each operation at this moment of its call."""
    clients = [getattr(world.adapters.clients, name) for name in ("bedrock", "s3", "ssm")]

    def call(model: Any, **_: Any) -> None:
        act(model.name)

    for client in clients:
        client.meta.events.register_last(moment, call, unique_id="watched")
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister(moment, unique_id="watched")


def killer(at: int, calls: list[str]) -> Callable[[str], None]:
    def act(operation: str) -> None:
        calls.append(operation)
        if len(calls) == at:
            raise KilledError

    return act


@pytest.mark.parametrize("moment", [BEFORE, BEHIND])
def test_killed_at_any_call_it_either_serves_on_or_is_deleted(
    world: World, kind: ServingKind, moment: str, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that applications no longer know of bills on; until its lease has ended nothing has changed for them."""
    monkeypatch.setattr(reconcile_module, "reconcile", lambda *_, **__: world.reconcile())
    at, deleted = 0, 0
    while True:
        at += 1
        unserve, calls = Unserve(world, kind), list[str]()
        try:
            with watched(world, moment, killer(at, calls)):
                unserve()
        except KilledError:
            pass
        finished = len(calls) < at
        begun = TAG in (calls if finished or moment == BEHIND else calls[:-1])
        reconcile_throughput.handler(SCHEDULE, lambda_context)
        expected = (set(), 0, None) if begun else ({unserve.arn}, int(kind == PROVISIONED), unserve.arn)
        assert (world.live(), world.slots(), unserve.target) == expected, (at, calls)
        deleted += begun
        if finished:
            break
        unserve()
    assert "Delete" in "".join(calls)
    assert deleted >= 4


def test_its_end_is_noted_before_anything_changes(world: World, kind: ServingKind) -> None:
    """Applications are told next, and only then is it deleted."""
    unserve, calls = Unserve(world, kind), list[str]()
    with watched(world, BEFORE, calls.append):
        unserve()
    changes = [name for name in calls if name.startswith(("Tag", "Put", "Delete"))]
    assert (changes[0], changes[1], changes[2][:6]) == (TAG, "PutParameter", "Delete")


def test_whoever_may_delete_but_not_tag_ends_it_all_the_same(world: World, kind: ServingKind) -> None:
    unserve = Unserve(world, kind)
    world.fault({"operation": TAG, "kind": "access_denied"})
    unserve()
    assert (world.live(), unserve.target) == (set(), None)


def test_while_bedrock_is_too_busy_to_note_it_nothing_changes(world: World, kind: ServingKind) -> None:
    """Somebody who gives up now has what there was before."""
    unserve = Unserve(world, kind)
    world.fault({"operation": TAG, "kind": "throttle"})
    with pytest.raises(NotEndedError, match="is as it was"):
        unserve(lambda: False)
    assert (world.live(), unserve.target) == ({unserve.arn}, unserve.arn)


def test_lost_tags_come_back_with_its_end(world: World) -> None:
    """Its slot proves whose it is; from now on its tags do, too."""
    unserve = Unserve(world, PROVISIONED)
    names = list(standing_tags(DEPLOYMENT, unserve.run, None))
    world.adapters.clients.bedrock.untag_resource(resourceARN=unserve.arn, tagKeys=names)
    world.fault({"operation": "DeleteProvisionedModelThroughput", "kind": "throttle"})
    with pytest.raises(NotEndedError):
        unserve(lambda: False)
    world.fault()
    world.reconcile()
    assert (world.live(), world.slots()) == (set(), 0)
