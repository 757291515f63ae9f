"""The log of calls tells whether a question was asked twice, and the fault harness counts it."""

import json
from pathlib import Path

from local.bedrock.call_log import digest_asked
from local.faults.asked import count_answers
from tests.local.bedrock.conftest import Simulation

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def ask(simulation: Simulation, text: str) -> None:
    simulation.runtime.converse(
        modelId=MODEL, system=[{"text": "Be brief."}], messages=[{"role": "user", "content": [{"text": text}]}]
    )


def test_same_question_has_the_same_digest_and_another_one_has_not(simulation: Simulation) -> None:
    """Whoever stores a question knows by it how often the question was asked."""
    for text in ("Who?", "Why?", "Who?"):
        ask(simulation, text)
    asked = [call["asked"] for call in simulation.calls()]
    assert asked == [digest_asked(MODEL, ("Be brief.", text)) for text in ("Who?", "Why?", "Who?")]
    assert len(set(asked)) == 2


def test_only_answered_questions_of_the_run_are_counted(tmp_path: Path) -> None:
    """One that was throttled, or whose answer was dropped, has to be asked again; others' questions do not matter."""
    lines = [("a", 200), ("a", 429), ("a", None), ("b", 200), ("b", 200), ("c", 200), (None, 200)]
    log = tmp_path / "calls.jsonl"
    with log.open("w") as file:
        for asked, status in lines:
            call = {"operation": "Converse", "status": status} | ({"asked": asked} if asked else {})
            file.write(json.dumps(call) + "\n")
    assert count_answers(log, {"a", "b", "d"}) == {"a": 1, "b": 2}
