"""CurateTrainingSet, with models that a test scripts."""

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import CurationFailed, LeakFound, NoDocuments, TooManyRemoved, YieldTooLow
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.curation import new_records
from lambdas.domain.curation.asks import Ask, StoredReply
from lambdas.domain.curation.shards import CuratorTrouble
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.checks import document, preflight_key
from lambdas.handlers import composition
from lambdas.handlers.curate_training_set import handler

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from lambdas.adapters.stores.stored_curation import StoredCuration

BUCKET = "output-bucket"
HAIKU, NOVA, SONNET = "us.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-pro-v1:0", "anthropic.sonnet-v1:0"
CLEAN: dict[str, Any] = {"judges": [HAIKU, NOVA], "mode": "remove"}
SYNTHESIS: dict[str, Any] = {"teacher": SONNET, "checker": NOVA, "pairs_per_document": 2, "terms_accepted": True}
CORRECT, INCORRECT = (f"<reason>So.</reason><judgement>{word}</judgement>" for word in ("correct", "incorrect"))
RECORDS = 40
Json = dict[str, Any]
# What a model says to an ask; None where it gives no reply.
Say = Callable[[Ask], str | None]
Curate = Callable[..., Json]


def town(number: int) -> str:
    words = (f"{chr(97 + number % 26)}{chr(97 + number // 26)}{part}" for part in ("brook", "dale", "ford", "wick"))
    return " ".join(words)


def record(number: int, *, tags: bool = True) -> Json:
    document = f"The town {town(number)} has {number + 100} houses and {number + 500} trees."
    asked = f"<doc>{document}</doc>\n\nHow many houses?" if tags else f"{document} How many houses?"
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": str(number + 100)}]
    return {"system": "Reply with the figure.", "messages": messages}


def put(s3: "S3Client", key: str, records: list[Json]) -> None:
    body = "".join(json.dumps(each) + "\n" for each in records).encode()
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)


@pytest.fixture
def store(s3: "S3Client", expect: dict[str, str]) -> "StoredCuration":
    for name, first, count in (("train", 0, RECORDS), ("test", 200, 3)):
        put(s3, f"{expect['prefix']}dataset/{name}.jsonl", [record(first + each) for each in range(count)])
    return composition.root.adapters.curation


@pytest.fixture
def curate(
    store: "StoredCuration", run: Json, plan: Json, expect: dict[str, str], lambda_context: LambdaContext
) -> Curate:
    """The plan after its curation by models that say what the test scripts, each turn repeated once."""

    def go(say: Say, *, most_turns: int = 20, data: str = "synthetic", **curation: Any) -> Json:
        now = {**plan, "curation": curation}
        for candidate in now["candidates"]:
            candidate["training_set"] = {**candidate["training_set"], "data": data}
        for _ in range(most_turns):
            following: Json = handler({"run": run, "plan": now}, lambda_context)
            assert handler({"run": run, "plan": now}, lambda_context) == following, "a repeated turn does the same"
            now = following
            if now["curation"]["status"] != "ask":
                return now
            answer(say, now["curation"]["turn"])
        raise AssertionError("the curation comes to no end")

    def answer(say: Say, turn: int) -> None:
        for shard in store.read_shards(BUCKET, expect["prefix"], turn):
            asks = store.read_asks(BUCKET, expect["prefix"], shard)
            assert {each.model for each in asks} == {shard.model}
            said = [(each, text) for each in asks if (text := say(each)) is not None]
            replies = [
                StoredReply(id=each.id, stage=each.stage, model=each.model, prompt=each.prompt.name, text=text)
                for each, text in said
            ]
            store.write_replies(BUCKET, expect["prefix"], shard, replies)

    return go


@pytest.fixture
def lines(s3: "S3Client", expect: dict[str, str]) -> Callable[[str], list[Json]]:
    """A stored file of the data set."""

    def read(name: str) -> list[Json]:
        body = s3.get_object(Bucket=BUCKET, Key=f"{expect['prefix']}dataset/{name}.jsonl")["Body"].read()
        return [json.loads(line) for line in body.splitlines()]

    return read


def about(asked: Ask, *numbers: int) -> bool:
    return any(town(number) in asked.prompt.user for number in numbers)


def doubts(*numbers: int) -> Say:
    """Judges that call these records incorrect, beside models that write and check well."""
    return lambda asked: INCORRECT if asked.stage == "clean" and about(asked, *numbers) else well(asked)


def well(asked: Ask) -> str:
    """All that is asked for, and nothing wrong: about the trees, and the name of the town."""
    if asked.stage in ("clean", "ground"):
        return CORRECT
    found = re.search(r"The town (.+?) has \d+ houses and (\d+) trees", asked.prompt.user)
    assert found, asked.prompt.user
    name, trees = found.groups()
    if asked.stage == "answer":
        return f"<answer>{trees if 'trees?' in asked.prompt.user else name}</answer>"
    pairs = [{"question": "How many trees?", "answer": trees}, {"question": "What is its name?", "answer": name}]
    return "\n".join(json.dumps({**pair, "topic": "town"}) for pair in pairs)


def test_records_that_all_judges_call_incorrect_leave_the_training_set_and_no_other(
    curate: Curate, lines: Callable[[str], list[Json]]
) -> None:
    """Test records are judged and stay."""
    plan = curate(doubts(3, 7, 201), clean=CLEAN, data="cleaned")
    assert lines("train-cleaned") == [record(number) for number in range(RECORDS) if number not in (3, 7)]
    assert lines("train") == [record(number) for number in range(RECORDS)]
    curation = plan["curation"]
    assert (curation["status"], curation["shards"], curation["funnel"]) == ("done", None, None)
    assert curation["cleaning"] == {
        "judged": RECORDS,
        "incorrect": 2,
        "removed": 2,
        "unreadable": 0,
        "held_out_judged": 3,
        "held_out_incorrect": 1,
    }
    [candidate] = plan["candidates"]
    final = candidate["training_set"]
    assert final["uri"].endswith("/dataset/train-cleaned.jsonl")
    assert (final["records"], final["data"]) == (RECORDS - 2, "cleaned")
    assert 20 * final["records"] < final["tokens"] < 60 * final["records"]
    assert plan["dataset"]["train"]["records"] == 40


def test_what_one_of_two_judges_doubts_stays(curate: Curate, lines: Callable[[str], list[Json]]) -> None:
    plan = curate(lambda asked: INCORRECT if asked.model == NOVA else CORRECT, clean=CLEAN, data="cleaned")
    assert len(lines("train-cleaned")) == RECORDS
    assert plan["curation"]["cleaning"]["incorrect"] == 0


def test_report_lists_and_changes_nothing(
    curate: Curate, lines: Callable[[str], list[Json]], s3: "S3Client", plan: Json
) -> None:
    """Also where the judges doubt so much that nobody would remove it."""
    done = curate(doubts(*range(30)), clean={**CLEAN, "mode": "report"}, data="original")
    assert done["candidates"] == plan["candidates"]
    assert done["curation"]["cleaning"]["incorrect"] == 30
    assert done["curation"]["cleaning"]["removed"] == 0
    assert sum(each["verdict"] == "incorrect" for each in lines("cleaning")) == 30
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert not [key for key in keys if "train-" in key]


def test_a_judge_that_is_down_removes_nothing_and_ends_no_run(
    curate: Curate, store: "StoredCuration", lines: Callable[[str], list[Json]], expect: dict[str, str]
) -> None:
    """What has no reply stays, and is told with the reason."""
    store.write_trouble(
        BUCKET, expect["prefix"], NOVA, CuratorTrouble(error="Refused", message="No access.", final=True)
    )
    plan = curate(lambda asked: INCORRECT if asked.model == HAIKU else None, clean=CLEAN, data="cleaned")
    assert len(lines("train-cleaned")) == RECORDS
    assert plan["curation"]["cleaning"]["unreadable"] == RECORDS
    assert plan["curation"]["cleaning"]["trouble"] == {"model": NOVA, "error": "No access.", "asks": RECORDS}
    assert {check["error"] for each in lines("cleaning") for check in each["checks"]} == {None, "No access."}


def test_a_judge_that_cannot_be_read_is_asked_once_more_and_then_keeps_the_record(
    curate: Curate, lines: Callable[[str], list[Json]]
) -> None:
    asked: list[str] = []

    def say(each: Ask) -> str:
        asked.append(each.id)
        return "Perhaps." if about(each, 5) else CORRECT

    plan = curate(say, clean={**CLEAN, "judges": [NOVA]}, data="cleaned")
    assert len(asked) == RECORDS + 3 + 1
    assert plan["curation"]["turn"] == 2
    assert plan["curation"]["cleaning"]["unreadable"] == 1
    assert len(lines("train-cleaned")) == RECORDS


def test_more_than_a_fifth_is_not_removed_without_a_person(curate: Curate, lines: Callable[[str], list[Json]]) -> None:
    """So many errors are often the judge's. What was said of each record is there to look at."""
    with pytest.raises(TooManyRemoved, match=r"9 of 40 training records incorrect, 22%.*dataset/cleaning\.jsonl"):
        curate(doubts(*range(9)), clean=CLEAN, data="cleaned")
    assert sum(each["removed"] for each in lines("cleaning")) == 9


def test_a_person_is_asked_where_the_environment_asks_people_and_a_yes_goes_on(
    curate: Curate,
    plan: Json,
    run: Json,
    lines: Callable[[str], list[Json]],
    s3: "S3Client",
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """He sees some of the records. Nothing is asked of models behind it before the answer."""
    plan |= {"needs_approval": True, "base_model": "amazon.nova-lite-v1:0:300k"}
    waiting = curate(doubts(*range(9)), clean=CLEAN, data="cleaned")
    assert waiting["curation"]["status"] == "approve"
    assert waiting["curation"]["cleaning"]["removed"] == 9
    shown = s3.get_object(Bucket=BUCKET, Key=f"{expect['prefix']}dataset/removal.txt")["Body"].read().decode()
    assert shown.count("--- Training record") == 9
    assert town(3) in shown
    assert f"--- Answer\n103\n--- Why\n{HAIKU} says incorrect: So.\n{NOVA} says incorrect: So." in shown
    for answer in ({}, {"curation_approval": {"decision": "rejected"}}, {"curation_approval": None}):
        assert handler({"run": run, "plan": waiting, **answer}, lambda_context) == waiting
    state = {"run": run, "plan": waiting, "curation_approval": {"decision": "approved"}}
    assert handler(state, lambda_context)["curation"]["status"] == "done"
    assert len(lines("train-cleaned")) == RECORDS - 9


def test_too_few_records_for_the_base_model_end_the_run_by_name(curate: Curate, plan: Json) -> None:
    """Bedrock would refuse the job, hours later."""
    plan["base_model"] = "meta.llama3-1-8b-instruct-v1:0:128k"
    with pytest.raises(CurationFailed, match=r"39 records after its curation.*100 to 10,000"):
        curate(doubts(1), clean=CLEAN, data="cleaned")


def test_new_records_stand_behind_what_the_judges_left(curate: Curate, lines: Callable[[str], list[Json]]) -> None:
    """Nothing is written about a record that was removed."""
    plan = curate(doubts(3), clean=CLEAN, synthesis=SYNTHESIS)
    cleaned, synthetic = lines("train-cleaned"), lines("train-synthetic")
    assert len(cleaned) == RECORDS - 1
    assert synthetic[: len(cleaned)] == cleaned
    assert plan["curation"]["funnel"] == {
        "asked": 2 * (RECORDS - 1),
        "parsed": 2 * (RECORDS - 1),
        "new": 2 * (RECORDS - 1),
        "grounded": 2 * (RECORDS - 1),
        "answerable": 2 * (RECORDS - 1),
        "kept": len(synthetic) - len(cleaned),
    }
    assert plan["candidates"][0]["training_set"]["records"] == len(synthetic) > 2 * RECORDS
    assert not [each for each in synthetic if town(3) in json.dumps(each)]
    assert {frozenset(each) for each in synthetic} == {frozenset({"system", "messages"})}


def test_a_yield_below_a_half_ends_the_run_with_its_stage(curate: Curate, lines: Callable[[str], list[Json]]) -> None:
    """Something is wrong with documents, teacher or checker: nobody pays for a training on the rest."""
    with pytest.raises(YieldTooLow, match=r"most are lost where they must be grounded.*dataset/synthesis\.jsonl"):
        curate(lambda asked: INCORRECT if asked.stage == "ground" else well(asked), synthesis=SYNTHESIS)
    assert {each["reached"] for each in lines("synthesis")} == {"new"}


@pytest.mark.parametrize(("down", "asks"), [(NOVA, 2 * RECORDS), (SONNET, RECORDS)])
def test_a_yield_that_is_too_low_names_the_model_that_did_not_reply(
    curate: Curate, store: "StoredCuration", expect: dict[str, str], down: str, asks: int
) -> None:
    """Else the user looks for the error in the documents."""
    store.write_trouble(
        BUCKET, expect["prefix"], down, CuratorTrouble(error="Refused", message="No access.", final=True)
    )
    with pytest.raises(YieldTooLow, match=rf"{down} gave no reply to {asks} questions: No access\. Nothing"):
        curate(lambda asked: None if asked.model == down else well(asked), synthesis=SYNTHESIS)


def test_each_line_tells_what_it_is_about_and_what_each_check_came_to(
    curate: Curate, lines: Callable[[str], list[Json]]
) -> None:
    """A record may move or change after it was judged: its digest says which one it was."""

    def say(asked: Ask) -> str:
        return (
            INCORRECT if asked.stage == "ground" and about(asked, 5) and "trees?" in asked.prompt.user else well(asked)
        )

    curate(say, clean=CLEAN, synthesis=SYNTHESIS)
    judged, written = lines("cleaning"), lines("synthesis")
    assert len({each["record"] for each in judged}) == len(judged) == RECORDS + 3
    assert {each["document"] for each in written} == {each["document"] for each in judged if each["set"] == "train"}
    steps = [[(check["stage"], check["model"], check["result"]) for check in each["checks"]] for each in written[:2]]
    write, ground = ("write", SONNET, None), ("ground", NOVA, "correct")
    assert steps == [[write, ground, ("answer", NOVA, "500")], [ground, ("answer", NOVA, town(0))]]
    [doubted] = [each for each in written if each["reached"] == "new"]
    assert (doubted["checks"][-1]["result"], doubted["checks"][-1]["reason"]) == ("incorrect", "So.")


def test_a_teacher_that_is_down_ends_the_run_by_its_yield(curate: Curate) -> None:
    with pytest.raises(YieldTooLow, match="must be parsed"):
        curate(lambda asked: None, synthesis=SYNTHESIS)


def test_without_documents_nobody_is_asked(curate: Curate, s3: "S3Client", expect: dict[str, str]) -> None:
    put(s3, f"{expect['prefix']}dataset/train.jsonl", [record(each, tags=False) for each in range(RECORDS)])
    with pytest.raises(NoDocuments, match="tags"):
        curate(well, synthesis=SYNTHESIS)


def test_a_new_record_that_resembles_a_test_record_is_left_out(
    curate: Curate, lines: Callable[[str], list[Json]], s3: "S3Client", expect: dict[str, str]
) -> None:
    """A test record about nearly the same document asks what the teacher asks."""
    leak = record(4)
    leak["messages"][0]["content"] = leak["messages"][0]["content"].replace("The town", "The small town")
    leak["messages"][1]["content"] = "the same document"
    put(s3, f"{expect['prefix']}dataset/test.jsonl", [leak])
    plan = curate(well, synthesis=SYNTHESIS)
    new = lines("train-synthetic")[RECORDS:]
    assert plan["curation"]["funnel"]["kept"] == len(new) < plan["curation"]["funnel"]["answerable"]
    assert not [each for each in new if town(4) in json.dumps(each)]


def test_a_leak_that_is_left_ends_the_run(curate: Curate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count of what is left is 0, or nothing is trained."""
    monkeypatch.setattr(new_records, "find_leaks", lambda new, *_: {0} if new else set())
    with pytest.raises(LeakFound, match="would know the test"):
        curate(well, synthesis=SYNTHESIS)


def test_a_record_that_a_job_would_refuse_is_left_out_and_told(
    curate: Curate, lines: Callable[[str], list[Json]]
) -> None:
    """A single one would fail the job. Claude 3 Haiku's trainer does not take its own old turns in a prompt."""

    def say(asked: Ask) -> str:
        if asked.stage == "write" and about(asked, 6):
            return json.dumps({"question": "And?\n\nHuman: how many trees?", "answer": "506", "topic": "x"})
        return "<answer>506</answer>" if asked.stage == "answer" and about(asked, 6) else well(asked)

    curate(say, synthesis=SYNTHESIS)
    [told] = [each for each in lines("synthesis") if each["question"].startswith("And?")]
    assert told["reached"] == "answerable"
    assert "separates turns" in told["reason"]


@pytest.mark.parametrize("compare", [[], ["original", "synthetic"]])
def test_a_curated_set_of_another_size_is_trained_as_was_estimated(
    curate: Curate, plan: Json, compare: list[str]
) -> None:
    """Other epochs would cost what no cap was held against, and would hide what the data has done."""
    plan["base_model"] = "amazon.nova-lite-v1:0:300k"
    plan["recommended"] = [{"name": "epochCount", "value": "9", "source": "size", "reason": "40 training records."}]
    plan["candidates"][0]["hyperparameters"] = {"epochCount": "9"}
    done = curate(well, synthesis=SYNTHESIS, compare=compare)
    assert done["candidates"][0]["training_set"]["records"] > 2 * RECORDS
    assert done["candidates"][0]["hyperparameters"] == {"epochCount": "9"}
    assert done["recommended"] == plan["recommended"]


def estimated(plan: Json, s3: "S3Client", expect: dict[str, str]) -> float:
    """Stores the outcome of a preflight that foresees training on the original set; returns what the rest costs."""
    prices = default_prices()
    plan["base_model"] = "amazon.nova-lite-v1:0:300k"
    found = estimate(Plan.parse({**plan, "curation": None}), prices)
    checked = document([], "2026-01-21T21:00:00.000Z", found)
    s3.put_object(Bucket=BUCKET, Key=preflight_key(expect["prefix"]), Body=checked.model_dump_json().encode())
    return found.known_usd - sum(each.usd or 0.0 for each in found.lines if each.id == "training")


def test_a_curated_set_that_costs_more_than_the_cap_is_not_trained_on(
    curate: Curate, plan: Json, s3: "S3Client", expect: dict[str, str]
) -> None:
    """A teacher may write longer records than the data set has."""
    rest, price = estimated(plan, s3, expect), default_prices().base_models["amazon.nova-lite-v1:0:300k"]
    assert price.training_per_1000_tokens is not None
    tokens = curate(well, synthesis=SYNTHESIS)["candidates"][0]["training_set"]["tokens"]
    cost = rest + 2 * tokens / 1000 * price.training_per_1000_tokens.usd
    plan["max_cost_usd"] = cost + 0.001
    assert curate(well, synthesis=SYNTHESIS)["curation"]["status"] == "done"
    plan["max_cost_usd"] = cost - 0.001
    with pytest.raises(CurationFailed, match=rf"would cost {cost:,.2f} USD.*cap.*max_cost_usd"):
        curate(well, synthesis=SYNTHESIS)


def test_a_run_that_curates_nothing_is_left_as_it_is(run: Json, plan: Json, lambda_context: LambdaContext) -> None:
    plan["curation"] = None
    assert handler({"run": run, "plan": plan}, lambda_context)["candidates"][0]["training_set"]["records"] == 40
