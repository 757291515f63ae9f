"""What the page shows of stored records and pairs that models have checked and written."""

import json
from typing import TYPE_CHECKING

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.stores.stored_curation import StoredCuration
from lambdas.domain.core.run import Run, RunSource
from lambdas.domain.curation.asks import CurationStage, StoredReply
from lambdas.domain.curation.shards import CuratorShard
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.curation_samples import NO_SAMPLES
from lambdas.steps.curation_counts import count_replies, with_counts
from lambdas.steps.curation_samples import read_samples
from tests.unit.test_cost import plan
from tests.unit.test_curation_in_report import CURATION, HAIKU, NOVA, checked, written

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PREFIX = "runs/a/"


def store(s3: "S3Client", name: str, lines: list[str]) -> None:
    s3.put_object(
        Bucket="output-bucket", Key=f"{PREFIX}dataset/{name}.jsonl", Body="".join(f"{each}\n" for each in lines)
    )


def records(name: str, count: int) -> list[str]:
    """Records whose prompts name their set and place."""
    turns = [(("user", f"{name} {at}?"), ("assistant", str(at))) for at in range(count)]
    return [json.dumps({"messages": [{"role": role, "content": text} for role, text in each]}) for each in turns]


def test_doubted_records_are_found_in_their_sets_by_their_places(s3: "S3Client", adapters: Adapters) -> None:
    """A reason beside another record's text would blame the judge for what it never said."""
    assert not any(read_samples("output-bucket", PREFIX, adapters=adapters))
    for name in ("train", "validation", "test"):
        store(s3, name, records(name, 50))
    doubted = [checked(at) for at in (4, 30)] + [checked(7, "test")]
    sound = [checked(at, verdict="correct", removed=False) for at in (5, 6)]
    store(s3, "cleaning", [each.model_dump_json() for each in [*sound, *doubted]])
    store(
        s3, "synthesis", [written(1, "kept", question="new?").model_dump_json(), written(2, "asked").model_dump_json()]
    )
    found = read_samples("output-bucket", PREFIX, adapters=adapters)
    assert [(each.line, each.prompt, each.answer) for each in found.doubted] == [
        (5, "train 4?", "4"),
        (31, "train 30?", "30"),
    ]
    assert [(each.set_name, each.line, each.prompt) for each in found.held_out] == [("test", 8, "test 7?")]
    assert [each.question for each in found.kept] == ["new?"]
    assert [each.reached for each in found.lost] == ["asked"]


def test_lines_that_cannot_be_read_cost_no_page(s3: "S3Client", adapters: Adapters) -> None:
    """Another version may have written them; the run has been paid for."""
    store(s3, "cleaning", ['{"set": "train"}'])
    assert read_samples("output-bucket", PREFIX, adapters=adapters) == NO_SAMPLES


RUN = Run(
    id="a",
    execution_arn="",
    source=RunSource(bucket="in", key="input/a.jsonl", version_id=None),
    output_bucket="output-bucket",
    prefix=PREFIX,
    claimed_at="",
)


def asking(turn: int) -> Plan:
    """The plan of a run whose models are asked for so many times."""
    curation = CURATION.model_copy(update={"status": "ask", "turn": turn, "cleaning": None, "funnel": None})
    return plan().model_copy(update={"curation": curation})


def reply(stage: CurationStage, model: str, **changes: object) -> StoredReply:
    known = {"id": f"{stage}/1/{model}", "stage": stage, "model": model, "prompt": "p", "text": "correct"}
    return StoredReply.model_validate({**known, "input_tokens": 100, "output_tokens": 10, **changes})


IN_BATCH = reply("ground", NOVA, batch_input_tokens=100, batch_output_tokens=10)


def reply_to_shard(store: StoredCuration, turn: int, *replies: StoredReply) -> None:
    shard = CuratorShard(model=NOVA, turn=turn, number=1, asks=5)
    store.write_shards("output-bucket", PREFIX, turn, [shard])
    store.write_replies("output-bucket", PREFIX, shard, replies)


def test_all_replies_of_all_turns_are_counted_whether_they_could_be_read_or_not(
    s3: "S3Client", adapters: Adapters
) -> None:
    """A reply that was asked for again was paid for twice; one that never came was not."""
    reply_to_shard(adapters.curation, 1, reply("clean", NOVA), reply("write", HAIKU))
    reply_to_shard(adapters.curation, 2, reply("clean", NOVA, input_tokens=150), IN_BATCH)
    found = count_replies(RUN, asking(2), adapters=adapters)
    assert found is not None
    assert [(each.part, each.model, each.in_batch, each.replies, each.input_tokens) for each in found] == [
        ("cleaning", NOVA, False, 2, 250),
        ("writing", HAIKU, False, 1, 100),
        ("checking", NOVA, True, 1, 100),
    ]
    assert count_replies(RUN, plan(), adapters=adapters) == []
    assert count_replies(RUN, None, adapters=adapters) == []
    s3.put_object(Bucket="output-bucket", Key=f"{PREFIX}curation/shards-1.jsonl", Body=b"{}")
    assert count_replies(RUN, asking(1), adapters=adapters) is None


def test_stage_that_ended_the_run_is_counted_from_its_lines(s3: "S3Client", adapters: Adapters) -> None:
    """Its counts never come into the state: the turn that makes them is the one that fails."""
    assert with_counts(RUN, asking(2), adapters=adapters) == asking(2)
    store(s3, "cleaning", [checked(at).model_dump_json() for at in range(3)])
    store(s3, "synthesis", [written(1, "new").model_dump_json(), written(2, "kept").model_dump_json()])
    found = with_counts(RUN, asking(2), adapters=adapters)
    assert found is not None
    assert found.curation is not None
    assert found.curation.cleaning is not None
    assert found.curation.funnel is not None
    assert (found.curation.cleaning.judged, found.curation.funnel.asked, found.curation.funnel.kept) == (3, 2, 1)
    done = plan().model_copy(update={"curation": CURATION})
    assert with_counts(RUN, done, adapters=adapters) == done
    store(s3, "synthesis", ["{}"])
    assert with_counts(RUN, asking(2), adapters=adapters) == asking(2)
