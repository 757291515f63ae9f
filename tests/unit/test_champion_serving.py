"""The next step towards a deployment that serves the champion, for each state in which a turn may find Bedrock."""

import pytest

from lambdas.domain.serving.champion_serving import (
    ChampionServing,
    Create,
    Remove,
    Serve,
    Step,
    Update,
    Wait,
    begin_serving,
    next_step,
    trouble_message,
)
from lambdas.domain.serving.kinds import ON_DEMAND, ModelUpdate, ServedModel

OLD, NEW = "arn:model/old", "arn:model/new"


def deployment(arn: str, model: str, status: str = "InService", update: tuple[str, str] | None = None) -> ServedModel:
    moment = "2026-11-29T02:00:00.000Z"
    details = ModelUpdate(*update) if update else None
    return ServedModel(ON_DEMAND, arn, status, model, None, moment, moment, None, details)


A_OLD, B_NEW = deployment("arn:a", OLD), deployment("arn:b", NEW)
A_CREATING, B_FAILED = deployment("arn:a", NEW, "Creating"), deployment("arn:b", NEW, "Failed")
A_UPDATING = deployment("arn:a", OLD, update=(NEW, "Updating"))
A_UPDATE_FAILED = deployment("arn:a", OLD, update=(NEW, "UpdateFailed"))
A_UPDATING_TO_OTHER = deployment("arn:a", OLD, update=("arn:model/other", "Updating"))
A_LEAVES_NEW = deployment("arn:a", NEW, update=(OLD, "Updating"))
WAIT = Wait("a deployment is on its way to serve the champion")


@pytest.mark.parametrize(
    ("first", "second", "target", "same_form", "expected"),
    [
        (None, None, None, True, Create("one")),
        (A_CREATING, None, None, True, WAIT),
        # In service: told to applications, and the other one can go.
        (None, B_NEW, None, True, Serve(B_NEW, ())),
        (A_OLD, B_NEW, "arn:a", True, Serve(B_NEW, (A_OLD,))),
        # An update under the same ARN, else a second one.
        (A_OLD, None, "arn:a", True, Update(A_OLD, Create("two"))),
        (A_OLD, None, "arn:a", False, Create("two")),
        # Nobody asks it: its form is nobody's concern.
        (A_OLD, None, None, False, Update(A_OLD, Create("two"))),
        (A_UPDATING, None, "arn:a", True, WAIT),
        (A_UPDATE_FAILED, None, "arn:a", True, Create("two")),
        (A_UPDATE_FAILED, B_NEW, "arn:a", True, Serve(B_NEW, (A_UPDATE_FAILED,))),
        # An update to an earlier champion is waited for, and one away from this champion does not serve it.
        (A_UPDATING_TO_OTHER, None, "arn:a", True,
         Wait("the deployment is still being updated to an earlier champion")),
        (A_LEAVES_NEW, None, "arn:a", True, Wait("the deployment is still being updated to an earlier champion")),
        # What has failed goes first; what applications ask stays until there is another one.
        (A_OLD, B_FAILED, "arn:a", True, Remove(B_FAILED)),
        # Both names are taken by what serves an earlier champion: the one that nobody asks makes room.
        (A_UPDATE_FAILED, deployment("arn:b", OLD), "arn:a", True, Remove(deployment("arn:b", OLD))),
    ],
)  # fmt: skip
def test_each_state_has_one_next_step(
    first: ServedModel | None, second: ServedModel | None, target: str | None, same_form: bool, expected: Step
) -> None:
    by_name = {"one": first, "two": second}
    assert next_step(NEW, by_name, target, same_form=same_form) == expected


def test_what_is_being_deleted_serves_nobody_but_still_has_its_name() -> None:
    """Bedrock tells it as Active for about a minute."""
    by_name = {"one": deployment("arn:a", NEW), "two": None}
    assert next_step(NEW, by_name, None, same_form=True, leaving=("arn:a",)) == Create("two")


def test_a_new_champion_keeps_what_is_known_of_deployments_and_nothing_else() -> None:
    """People are told of its own troubles, and no earlier failure delays it."""
    stored = ChampionServing(
        model_arn=OLD, began_at="b", switched_at="s", retry_at="r", made=("arn:a",), leaving=("arn:b",), told=("t",)
    )
    assert begin_serving(OLD, stored) == stored
    assert begin_serving(NEW, stored) == ChampionServing(
        model_arn=NEW, began_at="b", made=("arn:a",), leaving=("arn:b",)
    )
    assert begin_serving(NEW, None) == ChampionServing(model_arn=NEW)


@pytest.mark.parametrize(("target", "words"), [(None, "Nothing is served"), ("arn:a", "go on asking arn:a")])
def test_people_hear_what_applications_get_meanwhile(target: str | None, words: str) -> None:
    message = trouble_message("team", "run-1", NEW, target, "It was refused.")
    assert message.subject == "team: champion not in service"
    assert words in message.message
    assert NEW in message.message
