"""Models behind Converse that say what a test scripts."""

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

from tests.cli.account_script import ScriptedAccount

# What a model of this id says to a system text and a user's message.
Say = Callable[[str, str, str], str]


class Models:
    """Models that say what a test scripts; `asked` are their ids in order."""

    def __init__(self, account: ScriptedAccount) -> None:
        self.asked: list[str] = []
        self.say: Say = lambda *_: ""
        account.others["bedrock-runtime"] = Mock()
        account.others["bedrock-runtime"].converse.side_effect = self._converse

    def _converse(self, **request: Any) -> dict[str, Any]:
        model, user = request["modelId"], request["messages"][0]["content"][0]["text"]
        self.asked.append(model)
        text = self.say(model, request["system"][0]["text"], user)
        return {
            "output": {"message": {"content": [{"text": text}]}},
            "usage": {"inputTokens": 1_000, "outputTokens": 100},
            "metrics": {"latencyMs": 1},
            "stopReason": "end_turn",
        }
