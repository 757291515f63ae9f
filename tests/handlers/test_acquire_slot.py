"""AcquireSlot: at most so many runs with a throughput, whatever comes twice or at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambdas.adapters.adapters import current
from lambdas.adapters.stores import throughput_slots
from lambdas.domain.serving import slots
from lambdas.handlers.acquire_slot import handler
from lambdas.handlers.environment import environment
from tests.handlers.conftest import OUTPUT_BUCKET


def state(run: str, **more: Any) -> dict[str, Any]:
    return {"run": {"id": run, "execution_arn": f"arn:execution:{run}"}, **more}


def test_the_first_run_gets_the_slot_and_the_second_waits_its_turn(s3: Any, lambda_context: Any) -> None:
    """One throughput at a time is the default; the second says whom it waits for."""
    first = handler(state("first"), lambda_context)
    second = handler(state("second"), lambda_context)
    assert (first["acquired"], second["acquired"]) == (True, False)
    assert "first" in second["message"]
    current().slots.give_back(OUTPUT_BUCKET, "first")
    third = handler(state("second", slot=second), lambda_context)
    assert (third["acquired"], third["waited_seconds"]) == (True, second["wait_seconds"])


def test_a_repeated_attempt_keeps_its_slot_and_lease(s3: Any, lambda_context: Any) -> None:
    """A function that was killed after it took the slot must not wait for itself."""
    first = handler(state("first"), lambda_context)
    assert handler(state("first"), lambda_context) == first


def test_a_lowered_number_of_slots_counts_those_still_held(s3: Any, lambda_context: Any) -> None:
    """Two runs of before the deployment may still have theirs."""
    holder = slots.holder("earlier", "arn:execution", "2026-01-21T22:00:00.000Z", 8)
    s3.put_object(Bucket=OUTPUT_BUCKET, Key="throughput-slots/2.json", Body=holder.model_dump_json().encode())
    assert handler(state("new"), lambda_context)["acquired"] is False


@pytest.mark.parametrize("number", [1, 3])
def test_runs_at_once_never_get_more_than_there_are(s3: Any, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """A slot is taken by one conditional write: all see it free, one gets it."""
    monkeypatch.setenv("MAX_THROUGHPUTS", str(number))
    environment.cache_clear()
    monkeypatch.setattr(current().slots, "held", lambda _bucket: [])

    def take(run: int) -> bool:
        wanted = slots.holder(f"run-{run}", "arn:execution", "2026-01-21T22:00:00.000Z", 8)
        return isinstance(current().slots.take(OUTPUT_BUCKET, wanted, number), throughput_slots.Held)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == number


def test_a_slot_that_changed_hands_is_not_freed(s3: Any) -> None:
    """Two clean-ups read the dead holder; the slower one must not free the slot of the run that came next."""
    dead = slots.holder("dead", "arn:execution", "2026-01-21T22:00:00.000Z", 8)
    current().slots.take(OUTPUT_BUCKET, dead, 1)
    [read] = current().slots.held(OUTPUT_BUCKET)
    current().slots.free(OUTPUT_BUCKET, read)
    current().slots.take(OUTPUT_BUCKET, dead.model_copy(update={"run_id": "next"}), 1)
    current().slots.free(OUTPUT_BUCKET, read)
    assert [held.holder.run_id for held in current().slots.held(OUTPUT_BUCKET)] == ["next"]
    body = current().objects.read(OUTPUT_BUCKET, read.key)
    assert body is not None
    assert json.loads(body)["run_id"] == "next"


def test_an_object_that_is_no_slot_is_named_and_nothing_is_bought(s3: Any, lambda_context: Any) -> None:
    """Nobody can tell whether it stands for a throughput: a person must learn which object it is."""
    key = "throughput-slots/1.json"
    s3.put_object(Bucket=OUTPUT_BUCKET, Key=key, Body=b"not a slot")
    with pytest.raises(throughput_slots.UnreadableSlot, match=rf"s3://{OUTPUT_BUCKET}/{key}: .*delete it where no run"):
        handler(state("new"), lambda_context)
