"""Checks that cost cents: each catalogue and judge model is asked with the parameters that the pipeline sends.

So are requests that AWS should refuse, but could answer.
"""

from collections.abc import Iterator

from local.conformance.calls import AwsRequest, Json
from local.conformance.check import ConformanceCheck, Tier
from local.conformance.checks.foundation_models import INVALID, unless_ended
from local.conformance.checks.inference import MESSAGES
from local.conformance.expectations import Answered, Expectation, Has, HasText, Within, answered, one_of, refused
from local.conformance.place import Place, slug

# What a run may name as a judge (`evaluation.judges`): current models that the shipped prices have.
JUDGES = {
    "claude-haiku-4-5": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "claude-sonnet-4-5": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "claude-sonnet-4-6": "us.anthropic.claude-sonnet-4-6",
    "claude-sonnet-5": "us.anthropic.claude-sonnet-5",
    "claude-opus-4-5": "us.anthropic.claude-opus-4-5-20251101-v1:0",
    "claude-opus-4-7": "us.anthropic.claude-opus-4-7",
    "claude-opus-4-8": "us.anthropic.claude-opus-4-8",
    "claude-opus-5": "us.anthropic.claude-opus-5",
}
# Those of them that take temperature or top_p, and those that take neither.
_TAKES_ONE = ("claude-haiku-4-5", "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-4-5")
_TAKES_NONE = ("claude-sonnet-5", "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5")
# One that reasons first needs some.
MAX_TOKENS = 300
FEW_TOKENS = 16
STOP_REASONS = ("end_turn", "max_tokens", "stop_sequence", "content_filtered", "guardrail_intervened")
SYSTEM = [{"text": "Reply with one word."}]


def told_answer(*, text: bool = True) -> Answered:
    """What the pipeline reads of an answer."""
    facts = (
        one_of("stopReason", *STOP_REASONS),
        one_of("output.message.role", "assistant"),
        Has("usage.inputTokens", int),
        Has("usage.outputTokens", int),
        Has("metrics.latencyMs", int),
    )
    return answered(*((HasText("output.message.content"),) if text else ()), *facts)


def question_checks(place: Place) -> Iterator[ConformanceCheck]:
    """All of them."""

    def ask(
        name: str, model_id: str, expects: Expectation, region: str = place.home, **changes: object
    ) -> ConformanceCheck:
        parameters: Json = {
            "modelId": model_id,
            "messages": MESSAGES,
            "system": SYSTEM,
            "inferenceConfig": {"maxTokens": FEW_TOKENS, "temperature": 0.0},
        }
        given = {key: value for key, value in {**parameters, **changes}.items() if value is not None}
        return ConformanceCheck(
            f"ask-{name}", Tier.CENTS, AwsRequest("bedrock-runtime", "Converse", given, region), expects
        )

    for entry in place.entries:
        region = place.region_of(entry) or place.home
        yield ask(f"base-{slug(entry)}", entry.inference_id, unless_ended(entry, told_answer()), region)
    both = {"maxTokens": MAX_TOKENS, "temperature": 0.0, "topP": 0.9}
    for name, model_id in JUDGES.items():
        config: Json = {"maxTokens": MAX_TOKENS} | ({"temperature": 0.0} if name in _TAKES_ONE else {})
        yield ask(f"judge-{name}", model_id, told_answer(), inferenceConfig=config)
    for name in _TAKES_ONE:
        yield ask(f"{name}-both-samplings", JUDGES[name], refused(INVALID, naming="top_p"), inferenceConfig=both)
    for name in _TAKES_NONE:
        expects = refused(INVALID, naming="temperature")
        yield ask(
            f"{name}-temperature", JUDGES[name], expects, inferenceConfig={"maxTokens": MAX_TOKENS, "temperature": 0.0}
        )
    yield from _conversations(place)


def _conversations(place: Place) -> Iterator[ConformanceCheck]:
    """What a conversation may be, asked of the first model that is on demand."""
    model_id = place.entries[0].inference_id
    answer = {"role": "assistant", "content": [{"text": "OK"}]}

    def ask(name: str, expects: Expectation, messages: object, **config: object) -> ConformanceCheck:
        parameters: Json = {
            "modelId": model_id,
            "messages": messages,
            "inferenceConfig": {"maxTokens": FEW_TOKENS, "temperature": 0.0, **config},
        }
        request = AwsRequest("bedrock-runtime", "Converse", parameters, place.home)
        return ConformanceCheck(f"ask-{name}", Tier.CENTS, request, expects)

    invalid = refused(INVALID)
    yield ask("few-shot", told_answer(), [*MESSAGES, answer, *MESSAGES])
    yield ask("with-top-p", told_answer(), MESSAGES, topP=0.9)
    long = [{"role": "user", "content": [{"text": "Count from one to fifty in words."}]}]
    cut = answered(one_of("stopReason", "max_tokens"), Within("usage.outputTokens", 1, 1))
    yield ask("cut-at-max-tokens", cut, long, maxTokens=1)
    yield ask("no-messages", invalid, [])
    yield ask("assistant-first", invalid, [answer, *MESSAGES])
    yield ask("two-users-in-a-row", invalid, [*MESSAGES, *MESSAGES])
    yield ask("blank-text", invalid, [{"role": "user", "content": [{"text": " "}]}])
    yield ask("empty-block", invalid, [{"role": "user", "content": [{}]}])
