"""`serve_champion`: the champion is deployed, a new one replaces it without a gap, and people hear of trouble.

Each turn is the handler's. Between turns Bedrock's clock moves, and what an application would get is looked at.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws import custom_resource
from lambdas.adapters.aws.custom_model_deployments import CustomModelDeployments
from lambdas.adapters.aws.stacks import Stacks
from lambdas.domain.core.run import PROJECT, report_key
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.evaluation.endpoint import Endpoint
from lambdas.domain.serving import champion_serving
from lambdas.handlers import composition, reconcile_throughput
from lambdas.steps import reconcile, serve_champion
from local.bedrock.settings import SimulationSettings
from tests.handlers.conftest import OUTPUT_BUCKET
from tests.handlers.reconciler.conftest import DEPLOYMENT, HAIKU, LLAMA, SCHEDULE, World
from tests.local.bedrock.conftest import conversation, rows

QUESTION: Any = [{"role": "user", "content": [{"text": rows(1)[0]["messages"][0]["content"]}]}]
FIRST, SECOND = f"{DEPLOYMENT}-champion", f"{DEPLOYMENT}-champion-2"
MINUTES = 60.0
REQUEST = {
    "RequestType": "Delete",
    "StackId": "arn:aws:cloudformation:us-west-2:123456789012:stack/s/1",
    "RequestId": "1",
    "LogicalResourceId": "OnDeletion",
    "ResponseURL": "https://cloudformation.example/answer",
}
CREATE, UPDATE = "CreateCustomModelDeployment", "UpdateCustomModelDeployment"


class Champions:
    """Runs that are promoted, turns of the reconciler, and an application that asks."""

    def __init__(self, world: World, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self._context, self._monkeypatch = world, context, monkeypatch
        self._elapsed = 0.0
        data = b"".join(json.dumps(conversation(row)).encode() + b"\n" for row in rows(120))
        self.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key="train.jsonl", Body=data)

    @property
    def adapters(self) -> Adapters:
        return composition.root.adapters

    def train(self, run: str) -> str:
        """A model of a run; its ARN."""
        job = self.world.train(f"{DEPLOYMENT}-{run}-c1", {}, base_model=LLAMA)
        arn: str = self.adapters.clients.bedrock.get_model_customization_job(jobIdentifier=job)["outputModelArn"]
        return arn

    def promote(self, run: str, model: str | None = None, *, system: str = "Answer.", base_model: str = LLAMA) -> str:
        """Names the run's model the champion, as PromoteChampion does; returns its ARN."""
        arn = model or self.train(run)
        form = {"system": system, "system_varies": False, "template": "{prompt}", "inference": {"maxTokens": 100}}
        report = {"base_model": base_model, "custom_model_arn": arn, "format": form}
        prefix = f"runs/{run}/"
        self.adapters.clients.s3.put_object(
            Bucket=OUTPUT_BUCKET, Key=report_key(prefix), Body=json.dumps(report).encode()
        )
        champion = {
            "model_arn": arn, "run_id": run, "bucket": OUTPUT_BUCKET, "prefix": prefix,
            "report": f"s3://{OUTPUT_BUCKET}/{prefix}report.json", "base_model": base_model, "simulated": True,
            "promoted_at": now(),
        }  # fmt: skip
        self.adapters.clients.ssm.put_parameter(
            Name=f"/{DEPLOYMENT}/champion", Value=json.dumps(champion), Type="String", Overwrite=True
        )
        return arn

    def turn(self, *, after: float = 0.0) -> None:
        """A turn of the reconciler so many seconds after the last one."""
        self.pass_time(after)
        reconcile_throughput.handler(SCHEDULE, self._context)

    def pass_time(self, seconds: float) -> None:
        """Both clocks."""
        self.world.clock.advance(seconds)
        self._elapsed += seconds
        elapsed = self._elapsed
        self._monkeypatch.setattr(serve_champion, "now", lambda: later(now(), elapsed))

    def settle(self) -> None:
        """As many turns as anything can need."""
        for _ in range(6):
            self.turn(after=10 * MINUTES)

    @property
    def endpoint(self) -> Endpoint | None:
        return self.adapters.endpoint.read_endpoint(DEPLOYMENT)

    @property
    def target(self) -> str | None:
        return self.endpoint.target_arn if self.endpoint else None

    def ask(self) -> str:
        """The ARN of the model that answers an application."""
        target = self.target
        assert target is not None
        self.adapters.clients.bedrock_runtime.converse(modelId=target, messages=QUESTION)
        return str(self.adapters.clients.bedrock.get_custom_model_deployment(
            customModelDeploymentIdentifier=target
        )["modelArn"])  # fmt: skip

    def deployments(self) -> dict[str, str]:
        """Name and model of each."""
        listed = self.adapters.clients.bedrock.list_custom_model_deployments()["modelDeploymentSummaries"]
        return {one["customModelDeploymentName"]: one["modelArn"] for one in listed}


@pytest.fixture
def timing(timing: SimulationSettings) -> SimulationSettings:
    """Creations and updates take their eight minutes."""
    return timing.model_copy(update={"deployment_creation_seconds": 480})


@pytest.fixture
def champions(world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch) -> Champions:
    """An environment with `serve_champion`."""
    monkeypatch.setenv("SERVE_CHAMPION", "on_demand")
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", world.url)
    return Champions(world, lambda_context, monkeypatch)


def test_a_champion_is_deployed_and_named_once_it_is_in_service(champions: Champions) -> None:
    """The tags say whose it is; a turn does not wait for it, and what is there already is not made again."""
    champions.turn()
    assert champions.deployments() == {}
    model = champions.promote("sales-0123456789ab")
    champions.turn()
    champions.turn()
    assert (champions.deployments(), champions.target) == ({FIRST: model}, None)
    assert champions.world.slept == []
    champions.turn(after=8 * MINUTES)
    assert champions.ask() == model
    endpoint = champions.endpoint
    assert endpoint is not None
    assert (endpoint.run_id, endpoint.model_arn, endpoint.system) == ("sales-0123456789ab", model, "Answer.")
    assert champions.adapters.bedrock.tags_of(str(champions.target)) == {
        "project": PROJECT, "deployment": DEPLOYMENT, "run-id": "sales-0123456789ab", "kept": "true"
    }  # fmt: skip
    champions.settle()
    assert champions.deployments() == {FIRST: model}
    assert champions.world.messages() == []


@pytest.fixture
def served(champions: Champions) -> str:
    """A first champion that is in service; its ARN."""
    model = champions.promote("sales-0123456789ab")
    champions.turn()
    champions.turn(after=8 * MINUTES)
    assert champions.ask() == model
    return model


def test_a_new_champion_takes_the_place_under_the_same_arn(champions: Champions, served: str) -> None:
    """The application is answered at every moment, and the endpoint tells of the new one once it answers."""
    target, new = champions.target, champions.promote("sales-ba9876543210")
    champions.turn()
    for _ in range(8):
        assert champions.ask() == served
        champions.pass_time(MINUTES)
    assert champions.ask() == new
    assert champions.endpoint is not None
    assert champions.endpoint.run_id == "sales-0123456789ab"
    champions.turn()
    assert (champions.endpoint.run_id, champions.endpoint.model_arn) == ("sales-ba9876543210", new)
    assert (champions.target, champions.deployments()) == (target, {FIRST: new})
    assert champions.adapters.bedrock.tags_of(str(target))["run-id"] == "sales-ba9876543210"


def test_rolling_back_is_naming_the_earlier_champion_again(champions: Champions, served: str) -> None:
    """The same step swaps back."""
    champions.promote("sales-ba9876543210")
    champions.turn()
    champions.turn(after=8 * MINUTES)
    champions.promote("sales-0123456789ab", served)
    champions.turn()
    champions.turn(after=8 * MINUTES)
    assert champions.endpoint is not None
    assert (champions.ask(), champions.endpoint.run_id) == (served, "sales-0123456789ab")


def swap_beside(champions: Champions, served: str, new: str) -> None:
    """The new one is made beside the old one, which answers until nobody can be asking it any more."""
    target = champions.target
    champions.turn()
    assert champions.deployments() == {FIRST: served, SECOND: new}
    for _ in range(7):
        champions.turn(after=MINUTES)
        assert (champions.ask(), champions.target) == (served, target)
    champions.turn(after=MINUTES)
    assert champions.ask() == new
    assert champions.target != target
    champions.turn(after=MINUTES)
    assert champions.deployments() == {FIRST: served, SECOND: new}
    champions.turn(after=5 * MINUTES)
    champions.turn(after=2 * MINUTES)
    assert (champions.deployments(), champions.ask()) == ({SECOND: new}, new)


def test_a_form_that_changes_is_switched_together_with_the_target(champions: Champions, served: str) -> None:
    """In an update nobody knows when the new model begins to answer: it would be asked in the old one's form."""
    new = champions.promote("sales-ba9876543210", system="Answer in JSON.")
    swap_beside(champions, served, new)
    endpoint = champions.endpoint
    assert endpoint is not None
    assert endpoint.system == "Answer in JSON."


def test_where_the_update_is_refused_the_new_one_comes_before_the_old_one_goes(
    champions: Champions, served: str
) -> None:
    """As with another base model. The next swap uses the name that is free."""
    champions.world.fault({"operation": UPDATE, "kind": "validation"})
    new = champions.promote("sales-ba9876543210")
    swap_beside(champions, served, new)
    third = champions.promote("sales-aaaaaaaaaaaa")
    champions.turn()
    assert champions.deployments() == {FIRST: third, SECOND: new}
    champions.settle()
    assert champions.deployments() == {FIRST: third}
    assert champions.world.messages() == []


def test_a_failed_update_is_told_once_and_a_second_deployment_made(champions: Champions, served: str) -> None:
    champions.world.fault({"operation": UPDATE, "kind": "broken"})
    new = champions.promote("sales-ba9876543210")
    champions.turn()
    champions.pass_time(8 * MINUTES)
    assert champions.ask() == served
    swap_beside(champions, served, new)
    [(subject, text)] = champions.world.messages()
    assert subject == f"{DEPLOYMENT}: champion not in service"
    assert "update" in text
    assert new in text


def test_an_update_that_never_ends_is_told_once(champions: Champions, served: str) -> None:
    champions.world.fault({"operation": UPDATE, "kind": "endless"})
    champions.promote("sales-ba9876543210")
    for _ in range(20):
        champions.turn(after=10 * MINUTES)
        assert champions.ask() == served
    [(_, text)] = champions.world.messages()
    assert "more than 2 hours" in text


def test_one_that_fails_to_come_into_service_is_deleted_told_and_made_again_hours_later(champions: Champions) -> None:
    """A deployment made and failed every ten minutes would tell people as often."""
    champions.promote("sales-0123456789ab")
    champions.turn()
    champions.world.fault({"operation": "GetCustomModelDeployment", "kind": "failed"})
    champions.turn(after=10 * MINUTES)
    champions.pass_time(MINUTES)
    champions.world.fault()
    for _ in range(6):
        champions.turn(after=10 * MINUTES)
        assert (champions.deployments(), champions.target) == ({}, None)
    [(_, text)] = champions.world.messages()
    assert "has failed" in text
    champions.turn(after=6 * 60 * MINUTES)
    assert list(champions.deployments()) == [FIRST]


def test_one_that_somebody_deletes_is_not_named_any_more_and_made_again(champions: Champions, served: str) -> None:
    """An application is to see that nothing serves it."""
    champions.adapters.deployments.delete(FIRST)
    champions.pass_time(MINUTES)
    champions.turn()
    assert (champions.target, champions.deployments()) == (None, {FIRST: served})
    champions.turn(after=8 * MINUTES)
    assert champions.ask() == served


def test_a_model_that_cannot_be_served_on_demand_is_told_once_and_nothing_bought(
    champions: Champions, served: str
) -> None:
    """The application goes on with the earlier one."""
    champions.promote("sales-ba9876543210", base_model=HAIKU)
    champions.turn()
    champions.turn(after=10 * MINUTES)
    assert (champions.deployments(), champions.ask()) == ({FIRST: served}, served)
    [(_, text)] = champions.world.messages()
    assert "cannot be served on demand" in text
    assert "fine-tune serve champion" in text


def test_a_champion_of_an_earlier_environment_is_told_with_what_to_copy(champions: Champions, served: str) -> None:
    """Its report lies in a bucket that is out of reach: nobody knows how applications must ask it."""
    champions.promote("sales-ba9876543210")
    champions.adapters.clients.s3.delete_object(Bucket=OUTPUT_BUCKET, Key=report_key("runs/sales-ba9876543210/"))
    champions.turn()
    champions.turn(after=10 * MINUTES)
    assert (champions.deployments(), champions.ask()) == ({FIRST: served}, served)
    [(_, text)] = champions.world.messages()
    assert f"aws s3 sync s3://{OUTPUT_BUCKET}/runs/sales-ba9876543210/" in text


def test_a_refused_deployment_is_told_once_and_tried_again(champions: Champions) -> None:
    champions.world.fault({"operation": CREATE, "kind": "quota"})
    model = champions.promote("sales-0123456789ab")
    for _ in range(3):
        champions.turn(after=10 * MINUTES)
    [(_, text)] = champions.world.messages()
    assert "quota" in text
    champions.world.fault()
    champions.turn()
    champions.turn(after=8 * MINUTES)
    assert champions.ask() == model


def test_turned_off_the_deployment_goes_and_the_endpoint_names_nothing(
    champions: Champions, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And turned on again within the minute that a deletion takes, what is going is not named once more."""
    monkeypatch.delenv("SERVE_CHAMPION")
    monkeypatch.setattr(composition, "root", composition.Root())
    champions.turn()
    assert champions.target is None
    monkeypatch.setenv("SERVE_CHAMPION", "on_demand")
    monkeypatch.setattr(composition, "root", composition.Root())
    champions.turn(after=30)
    assert champions.target is None
    champions.settle()
    assert champions.ask() == served
    assert len(champions.deployments()) == 1


def test_what_somebody_else_has_named_so_stays_as_it_is(champions: Champions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the environment's tags it is theirs, whether the setting is on or off."""
    theirs = champions.train("other")
    champions.world.adapters.clients.bedrock.create_custom_model_deployment(modelDeploymentName=FIRST, modelArn=theirs)
    champions.pass_time(20 * MINUTES)
    model = champions.promote("sales-0123456789ab")
    champions.settle()
    assert champions.deployments() == {FIRST: theirs, SECOND: model}
    monkeypatch.delenv("SERVE_CHAMPION")
    monkeypatch.setattr(composition, "root", composition.Root())
    champions.settle()
    assert champions.deployments() == {FIRST: theirs}


def test_throughput_that_a_person_has_bought_for_the_champion_stays_named(champions: Champions, served: str) -> None:
    """It is paid for."""
    endpoint = champions.endpoint
    assert endpoint is not None
    bought = champions.adapters.clients.bedrock.create_custom_model_deployment(
        modelDeploymentName="by-hand", modelArn=served
    )["customModelDeploymentArn"]
    champions.pass_time(10 * MINUTES)
    changed = endpoint.model_copy(update={"target_arn": bought})
    champions.adapters.endpoint.write_endpoint(DEPLOYMENT, changed, "s3://report")
    champions.settle()
    assert champions.target == bought
    champions.adapters.deployments.delete(bought)
    champions.turn(after=2 * MINUTES)
    assert champions.ask() == served


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Lets a method of an adapter be the last that a turn does: the function is killed right behind it."""

    class Killed(BaseException):
        """The function's process is gone."""

    def cut(adapter: str, method: str) -> None:
        owner = type(getattr(composition.root.adapters, adapter))
        original = getattr(owner, method)

        def last(*args: Any, **kwargs: Any) -> None:
            monkeypatch.setattr(owner, method, original)
            try:
                original(*args, **kwargs)
            finally:
                raise Killed

        monkeypatch.setattr(owner, method, last)

    cut.killed = Killed  # type: ignore[attr-defined]
    return cut


@pytest.mark.parametrize(
    ("adapter", "method"),
    [
        ("champion_servings", "write"),
        ("deployments", "update"),
        ("deployments", "create"),
        ("endpoint", "replace_endpoint"),
        ("deployments", "delete"),
    ],
)
@pytest.mark.parametrize("refused", [False, True])
def test_a_swap_that_is_cut_off_at_any_step_is_finished_by_later_turns(
    champions: Champions, served: str, cut_off: Any, adapter: str, method: str, refused: bool
) -> None:
    """The endpoint names what serves at every moment, and one deployment is left."""
    if refused:
        champions.world.fault({"operation": UPDATE, "kind": "validation"})
    new = champions.promote("sales-ba9876543210")
    cut_off(adapter, method)
    cuts = 0
    for _ in range(8):
        try:
            champions.turn(after=10 * MINUTES)
        except cut_off.killed:
            cuts += 1
        assert champions.ask() in (served, new)
    assert champions.ask() == new
    assert list(champions.deployments().values()) == [new]
    assert cuts == (0 if not refused and method in ("create", "delete") else 1)


def test_a_turn_that_was_held_up_does_not_undo_a_later_swap(
    champions: Champions, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two turns at once: one has read the earlier champion, and goes on only after the other is done."""
    read = champion_serving.next_step

    def held_up(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(serve_champion, "next_step", read)
        step = read(*args, **kwargs)
        champions.promote("sales-ba9876543210", system="Answer in JSON.")
        champions.settle()
        return step

    monkeypatch.setattr(serve_champion, "next_step", held_up)
    champions.turn()
    endpoint = champions.endpoint
    assert endpoint is not None
    assert (endpoint.run_id, endpoint.system) == ("sales-ba9876543210", "Answer in JSON.")
    assert champions.ask() == endpoint.model_arn


class TestDeletionOfTheStack:
    """CloudFormation's request while the champion is served, or about to be."""

    @pytest.fixture
    def answers(self, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
        """Why the deletion failed, or None."""
        got: list[str | None] = []
        monkeypatch.setattr(custom_resource, "_answer", lambda _, failure: got.append(failure))
        return got

    @pytest.fixture
    def delete_stack(self, lambda_context: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
        """The stack is being deleted from now on, and asks the reconciler."""

        def delete() -> None:
            monkeypatch.setenv("STACK_ID", REQUEST["StackId"])
            monkeypatch.setattr(composition, "root", composition.Root())
            monkeypatch.setattr(Stacks, "is_being_removed", lambda *_: True)
            reconcile_throughput.handler(REQUEST, lambda_context)

        return delete

    @pytest.fixture
    def waits(self, champions: Champions, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """Bedrock's clock moves while the reconciler waits; the waits."""
        waited: list[float] = []

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            champions.world.clock.advance(seconds)

        monkeypatch.setattr(reconcile.reconcile, "__kwdefaults__", {
            **(reconcile.reconcile.__kwdefaults__ or {}), "sleep": sleep,
        })  # fmt: skip
        return waited

    @pytest.mark.usefixtures("waits")
    def test_the_endpoint_names_nothing_and_the_deployment_goes(
        self, champions: Champions, served: str, answers: list[str | None], delete_stack: Callable[[], None]
    ) -> None:
        delete_stack()
        assert answers == [None]
        assert (champions.target, champions.deployments()) == (None, {})
        assert champions.endpoint is not None
        assert champions.endpoint.model_arn == served
        # A turn that comes by afterwards makes nothing.
        champions.turn()
        assert (champions.target, champions.deployments()) == (None, {})

    def test_it_waits_for_what_another_turn_may_be_making(
        self,
        champions: Champions,
        waits: list[float],
        answers: list[str | None],
        delete_stack: Callable[[], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The other one has looked at the stack before its deletion began: what it makes is found, and deleted."""
        champions.promote("sales-0123456789ab")
        create = CustomModelDeployments.create

        def late(deployments: CustomModelDeployments, *args: Any) -> str:
            monkeypatch.setattr(CustomModelDeployments, "create", create)
            sleep = reconcile.reconcile.__kwdefaults__["sleep"]  # type: ignore[index]
            made: list[str] = []

            def make_meanwhile(seconds: float) -> None:
                if not made and sum(waits) > 20:
                    made.append(create(deployments, *args))
                sleep(seconds)

            monkeypatch.setattr(reconcile.reconcile, "__kwdefaults__", {
                **(reconcile.reconcile.__kwdefaults__ or {}), "sleep": make_meanwhile,
            })  # fmt: skip
            delete_stack()
            return made[0]

        monkeypatch.setattr(CustomModelDeployments, "create", late)
        champions.turn()
        assert answers == [None]
        assert champions.deployments() == {}
