"""AcquireSlot: at most so many runs with a throughput, whatever comes twice or at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest
from moto.s3.responses import S3Response

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.stores import throughput_slots
from lambdas.domain.core.errors import ThroughputFailed
from lambdas.domain.core.run import Run, RunSource
from lambdas.domain.serving import slots
from lambdas.domain.serving.slots import Slot
from lambdas.steps.acquire_slot import acquire_slot
from tests.handlers.conftest import OUTPUT_BUCKET

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def acquire(
    adapters: Adapters, name: str, previous: Slot | None = None, candidate: int = 1, slots_there: int = 1
) -> Slot:
    """What the step gives a candidate of the run of this name where there are so many slots; number 1 is chosen."""
    execution = f"arn:execution:{name}"
    source = RunSource(bucket="input-bucket", key=f"input/{name}.jsonl", version_id="v1")
    run = Run(
        id=name,
        execution_arn=execution,
        source=source,
        output_bucket=OUTPUT_BUCKET,
        prefix=f"runs/{name}/",
        claimed_at="2026-01-21T21:00:00.000Z",
    )
    return acquire_slot(
        run,
        candidate,
        previous,
        is_chosen=candidate == 1,
        served=2,
        adapters=adapters,
        slots=slots_there,
        longest_lease_hours=8,
    )


def test_the_first_run_gets_the_slot_and_the_second_waits_its_turn(s3: "S3Client", adapters: Adapters) -> None:
    """One throughput at a time is the default; the second says whom it waits for."""
    first = acquire(adapters, "first")
    second = acquire(adapters, "second")
    assert (first.acquired, second.acquired) == (True, False)
    assert "first" in str(second.message)
    adapters.slots.give_back(OUTPUT_BUCKET, "first", 1)
    third = acquire(adapters, "second", second)
    assert (third.acquired, third.waited_seconds) == (True, second.wait_seconds)


def test_a_repeated_attempt_keeps_its_slot_and_lease(s3: "S3Client", adapters: Adapters) -> None:
    """A function that was killed after it took the slot must not wait for itself."""
    first = acquire(adapters, "first")
    assert acquire(adapters, "first") == first


def test_another_candidate_of_the_run_waits_for_a_slot_of_its_own(s3: "S3Client", adapters: Adapters) -> None:
    """The second one would be bought on the lease of the first, and nobody would count it."""
    first = acquire(adapters, "first")
    second = acquire(adapters, "first", candidate=2)
    assert (first.acquired, second.acquired) == (True, False)
    assert "first (candidate 1)" in str(second.message)
    assert not adapters.slots.give_back(OUTPUT_BUCKET, "first", 2)
    assert adapters.slots.give_back(OUTPUT_BUCKET, "first", 1)
    assert acquire(adapters, "first", second, candidate=2).acquired


@pytest.mark.parametrize("slots_there", [1, 2])
def test_no_candidate_waits_for_the_slot_of_one_that_could_not_be_deleted(
    s3: "S3Client", adapters: Adapters, slots_there: int
) -> None:
    """It would wait for as long as the run may take, while the other one bills, and nobody would be told why."""
    acquire(adapters, "first", slots_there=slots_there)
    adapters.slots.mark_stuck(OUTPUT_BUCKET, "first", 1)
    with pytest.raises(ThroughputFailed, match="What serves candidate 1 could not be deleted"):
        acquire(adapters, "first", candidate=2, slots_there=slots_there)
    assert acquire(adapters, "second", slots_there=slots_there).acquired is (slots_there == 2)


def test_nothing_is_bought_for_the_others_once_the_chosen_candidate_could_not_be_served(
    s3: "S3Client", adapters: Adapters
) -> None:
    """The run has failed: what the others answered nobody would read. Other runs go on."""
    adapters.slots.give_up(OUTPUT_BUCKET, "first", 1)
    adapters.slots.give_up(OUTPUT_BUCKET, "first", 1)
    with pytest.raises(ThroughputFailed, match="The chosen candidate could not be served"):
        acquire(adapters, "first", candidate=2)
    assert adapters.slots.held(OUTPUT_BUCKET) == []
    # Its own lease may be tried once more.
    assert acquire(adapters, "first", slots_there=2).acquired
    assert acquire(adapters, "second", candidate=2, slots_there=2).acquired


def test_a_slot_that_is_marked_stays_held_and_can_be_given_back(s3: "S3Client", adapters: Adapters) -> None:
    """No earlier version of the object must become the slot again."""
    s3.put_bucket_versioning(Bucket=OUTPUT_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    acquire(adapters, "first")
    adapters.slots.mark_stuck(OUTPUT_BUCKET, "first", 1)
    assert [held.holder.is_stuck for held in adapters.slots.held(OUTPUT_BUCKET)] == [True]
    assert adapters.slots.give_back(OUTPUT_BUCKET, "first", 1)
    assert adapters.slots.held(OUTPUT_BUCKET) == []


def test_no_candidate_waits_for_a_slot_whose_lease_is_over(s3: "S3Client", adapters: Adapters) -> None:
    """As where the function that deletes was killed each time: nobody has marked the slot."""
    holder = slots.begin_lease("first", 1, "arn:execution:first", "2026-01-21T22:00:00.000Z", 8)
    adapters.slots.take(OUTPUT_BUCKET, holder, 1)
    with pytest.raises(ThroughputFailed):
        acquire(adapters, "first", candidate=2)


def test_a_lowered_number_of_slots_counts_those_still_held(s3: "S3Client", adapters: Adapters) -> None:
    """Two runs of before the deployment may still have theirs."""
    holder = slots.begin_lease("earlier", 1, "arn:execution", "2026-01-21T22:00:00.000Z", 8)
    s3.put_object(Bucket=OUTPUT_BUCKET, Key="throughput-slots/2.json", Body=holder.model_dump_json().encode())
    assert acquire(adapters, "new").acquired is False


@pytest.fixture
def atomic_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 decides a conditional write atomically; moto looks first and writes later: two threads may win."""
    lock = Lock()
    put_object = S3Response.put_object

    def one_at_a_time(self: S3Response) -> Any:
        with lock:
            return put_object(self)

    monkeypatch.setattr(S3Response, "put_object", one_at_a_time)


@pytest.mark.parametrize("number", [1, 3])
def test_runs_at_once_never_get_more_than_there_are(
    s3: "S3Client", adapters: Adapters, monkeypatch: pytest.MonkeyPatch, atomic_writes: None, number: int
) -> None:
    """A slot is taken by one conditional write: all see it free, one gets it."""
    monkeypatch.setattr(adapters.slots, "held", lambda _bucket: [])

    def take(run: int) -> bool:
        wanted = slots.begin_lease(f"run-{run}", 1, "arn:execution", "2026-01-21T22:00:00.000Z", 8)
        return isinstance(adapters.slots.take(OUTPUT_BUCKET, wanted, number), throughput_slots.Held)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == number


def test_a_slot_that_changed_hands_is_not_freed(s3: "S3Client", adapters: Adapters) -> None:
    """Two clean-ups read the dead holder; the slower one must not free the slot of the run that came next."""
    dead = slots.begin_lease("dead", 1, "arn:execution", "2026-01-21T22:00:00.000Z", 8)
    adapters.slots.take(OUTPUT_BUCKET, dead, 1)
    [read] = adapters.slots.held(OUTPUT_BUCKET)
    adapters.slots.free(OUTPUT_BUCKET, read)
    adapters.slots.take(OUTPUT_BUCKET, dead.model_copy(update={"run_id": "next"}), 1)
    adapters.slots.free(OUTPUT_BUCKET, read)
    assert [held.holder.run_id for held in adapters.slots.held(OUTPUT_BUCKET)] == ["next"]
    body = adapters.objects.read(OUTPUT_BUCKET, read.key)
    assert body is not None
    assert json.loads(body)["run_id"] == "next"


def test_an_object_that_is_no_slot_is_named_and_nothing_is_bought(s3: "S3Client", adapters: Adapters) -> None:
    """Nobody can tell whether it stands for a throughput: a person must learn which object it is."""
    key = "throughput-slots/1.json"
    s3.put_object(Bucket=OUTPUT_BUCKET, Key=key, Body=b"not a slot")
    with pytest.raises(throughput_slots.UnreadableSlot, match=rf"s3://{OUTPUT_BUCKET}/{key}: .*delete it where no run"):
        acquire(adapters, "new")
