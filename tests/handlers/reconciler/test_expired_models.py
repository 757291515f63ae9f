"""`keep_models_days`: what is neither the champion nor served goes, a week after people were told, and nothing else."""

import json
from typing import Any

import pytest

from lambdas.domain.core.errors import NotReconciled
from lambdas.domain.core.run import CANDIDATE_TAG, KEEP_MODEL_TAG, bedrock_name, bedrock_tags
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.training.model_age import DAY_SECONDS, NEVER_DELETED_TAG
from lambdas.handlers import reconcile_throughput
from lambdas.steps import expire_models
from tests.handlers.conftest import OUTPUT_BUCKET
from tests.handlers.reconciler.conftest import DEPLOYMENT, LLAMA, SCHEDULE, World
from tests.local.bedrock.conftest import conversation, rows

RUN = "sales-0123456789ab"
NAME = bedrock_name(DEPLOYMENT, RUN, 1)
KEEP_DAYS = 30


@pytest.fixture(autouse=True)
def keep_models_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEP_MODELS_DAYS", str(KEEP_DAYS))


@pytest.fixture
def model(world: World) -> str:
    """The ARN of a model that a run of the environment has made."""
    return make_model(world, bedrock_tags(DEPLOYMENT, RUN, "arn:execution"))


def make_model(world: World, tags: dict[str, str], name: str = NAME) -> str:
    data = b"".join(json.dumps(conversation(row)).encode() + b"\n" for row in rows(120))
    world.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key="train.jsonl", Body=data)
    job = world.train(name, {}, base_model=LLAMA)
    arn: str = world.adapters.clients.bedrock.get_model_customization_job(jobIdentifier=job)["outputModelArn"]
    pairs: Any = [{"key": key, "value": value} for key, value in tags.items()]
    world.adapters.clients.bedrock.tag_resource(resourceARN=arn, tags=pairs)
    return arn


def turn(context: Any, monkeypatch: pytest.MonkeyPatch, day: int) -> None:
    """The reconciler's turn on a day after the model was made."""
    moment = later(now(), day * DAY_SECONDS + 60)
    monkeypatch.setattr(expire_models, "now", lambda: moment)
    reconcile_throughput.handler(SCHEDULE, context)


def exists(world: World, arn: str) -> bool:
    return world.adapters.bedrock.find_custom_model(arn) is not None


def name_champion(world: World, arn: str) -> None:
    champion = {
        "model_arn": arn, "run_id": RUN, "bucket": OUTPUT_BUCKET, "prefix": f"runs/{RUN}/", "report": "s3://r",
        "base_model": LLAMA, "simulated": True, "promoted_at": now(),
    }  # fmt: skip
    world.adapters.clients.ssm.put_parameter(
        Name=f"/{DEPLOYMENT}/champion", Value=json.dumps(champion), Type="String", Overwrite=True
    )


def test_a_model_that_nobody_uses_goes_a_week_after_people_were_told(
    world: World, model: str, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are told once, with the day and the way to keep it."""
    turn(lambda_context, monkeypatch, day=22)
    assert world.messages() == []
    for day in (23, 24, 29):
        turn(lambda_context, monkeypatch, day=day)
    [(subject, text)] = world.messages()
    assert subject == f"{DEPLOYMENT}: 1 custom model will be deleted"
    assert NAME in text
    assert NEVER_DELETED_TAG in text
    assert later(now(), 30 * DAY_SECONDS)[:10] in text
    assert exists(world, model)
    turn(lambda_context, monkeypatch, day=30)
    assert not exists(world, model)
    assert world.messages()[1][0] == f"{DEPLOYMENT}: 1 custom model deleted"
    turn(lambda_context, monkeypatch, day=31)
    assert len(world.messages()) == 2


def test_a_model_that_is_older_already_gets_its_week_all_the_same(
    world: World, model: str, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting may come long after the model."""
    for day in (400, 406):
        turn(lambda_context, monkeypatch, day=day)
    assert exists(world, model)
    turn(lambda_context, monkeypatch, day=407)
    assert not exists(world, model)


@pytest.mark.parametrize("use", ["champion", "served", "tag"])
def test_what_is_used_stays_and_is_told_of_again_before_it_goes(
    world: World, model: str, lambda_context: Any, monkeypatch: pytest.MonkeyPatch, use: str
) -> None:
    """A champion that another replaces is what one rolls back to: it has a week of its own."""
    turn(lambda_context, monkeypatch, day=25)
    bedrock, made = world.adapters.clients.bedrock, ""
    if use == "champion":
        name_champion(world, model)
    elif use == "served":
        # Somebody else's, of whatever name.
        made = bedrock.create_custom_model_deployment(modelDeploymentName="theirs", modelArn=model)[
            "customModelDeploymentArn"
        ]
    else:
        bedrock.tag_resource(resourceARN=model, tags=[{"key": NEVER_DELETED_TAG, "value": "true"}])
    turn(lambda_context, monkeypatch, day=40)
    assert exists(world, model)
    if use == "champion":
        name_champion(world, "arn:another")
    elif use == "served":
        world.adapters.served_models.delete(ON_DEMAND, made)
        world.clock.advance(3600)
    else:
        bedrock.untag_resource(resourceARN=model, tagKeys=[NEVER_DELETED_TAG])
    for day in (41, 47):
        turn(lambda_context, monkeypatch, day=day)
    assert exists(world, model)
    turn(lambda_context, monkeypatch, day=48)
    assert not exists(world, model)
    assert [subject.rpartition(" will")[0] for subject, _ in world.messages()[:2]] == [
        f"{DEPLOYMENT}: 1 custom model"
    ] * 2


def test_a_model_that_a_sweep_keeps_goes_by_its_age_too(
    world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sweep.keep_models` keeps it beyond its run, not for ever."""
    tags = bedrock_tags(DEPLOYMENT, RUN, "arn:e") | {CANDIDATE_TAG: "1", KEEP_MODEL_TAG: "true"}
    arn = make_model(world, tags)
    for day in (23, 30):
        turn(lambda_context, monkeypatch, day=day)
    assert not exists(world, arn)


@pytest.mark.parametrize("tags", [{}, bedrock_tags("fine-tuning-eu", RUN, "arn:e"), {"deployment": DEPLOYMENT}])
def test_what_its_tags_do_not_prove_ours_stays(
    world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch, tags: dict[str, str]
) -> None:
    """Whatever its name."""
    arn = make_model(world, tags)
    for day in (23, 400):
        turn(lambda_context, monkeypatch, day=day)
    assert exists(world, arn)
    assert world.messages() == []


def test_a_run_under_way_may_still_need_a_model(
    world: World, model: str, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may go on from any; after the longest time that a run can take, none is kept for it."""
    world.run()
    for day in (23, 30, 36):
        turn(lambda_context, monkeypatch, day=day)
    assert exists(world, model)
    turn(lambda_context, monkeypatch, day=37)
    assert not exists(world, model)


def test_without_the_setting_nothing_goes(
    world: World, model: str, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model was paid for: only who says so loses it."""
    monkeypatch.delenv("KEEP_MODELS_DAYS")
    for day in (23, 400):
        turn(lambda_context, monkeypatch, day=day)
    assert exists(world, model)


def test_nothing_goes_where_nobody_knows_the_champion(
    world: World, model: str, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alarm on the reconciler's errors tells."""
    world.adapters.clients.ssm.put_parameter(Name=f"/{DEPLOYMENT}/champion", Value="nobody", Type="String")
    with pytest.raises(NotReconciled, match="names no champion"):
        turn(lambda_context, monkeypatch, day=400)
    assert exists(world, model)
