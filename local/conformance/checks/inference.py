"""Questions that are refused: free where they are about no model; in the tier cents where AWS could answer them."""

from collections.abc import Iterator

from local.conformance.calls import AwsRequest
from local.conformance.check import ConformanceCheck, Tier
from local.conformance.checks.foundation_models import INVALID, NOT_FOUND
from local.conformance.checks.unknown_names import DEPLOYMENT, THROUGHPUT, absent_model
from local.conformance.expectations import Expectation, refused
from local.conformance.impossible import ABSENT_BASE_MODEL
from local.conformance.place import Place, slug

MESSAGES = [{"role": "user", "content": [{"text": "Reply with the word OK and nothing else."}]}]
_CONFIG = {"maxTokens": 1}


def inference_checks(place: Place) -> Iterator[ConformanceCheck]:
    """All of them."""

    def ask(
        name: str, model_id: str, expects: Expectation, tier: Tier, region: str = place.home, **changes: object
    ) -> ConformanceCheck:
        parameters = {"modelId": model_id, "messages": MESSAGES, "inferenceConfig": _CONFIG, **changes}
        return ConformanceCheck(
            f"ask-{name}", tier, AwsRequest("bedrock-runtime", "Converse", parameters, region), expects
        )

    gone, invalid = refused(NOT_FOUND), refused(INVALID)
    yield ask("unknown-model", ABSENT_BASE_MODEL, invalid, Tier.FREE)
    yield ask("absent-throughput", place.arn(THROUGHPUT), gone, Tier.FREE)
    yield ask("absent-deployment", place.arn(DEPLOYMENT), gone, Tier.FREE)
    yield ask("absent-custom-model", absent_model(place), invalid, Tier.FREE)
    count = {"modelId": place.arn(DEPLOYMENT), "input": {"converse": {"messages": MESSAGES}}}
    counting = AwsRequest("bedrock-runtime", "CountTokens", count, place.home)
    yield ConformanceCheck("count-tokens-of-absent-deployment", Tier.FREE, counting, gone)
    # Converse knows no model by the id that is customized.
    for entry in place.entries:
        region, name = place.region_of(entry) or place.home, slug(entry)
        # It answers the same for one that has ended.
        yield ask(f"context-length-id-{name}", entry.customization_id, gone, Tier.CENTS, region)
        if entry.inference_id != entry.foundation_model_id:
            yield ask(f"without-profile-{name}", entry.foundation_model_id, invalid, Tier.CENTS, region)
    model_id = place.entries[0].inference_id
    for name, member, value in (
        ("no-tokens", "maxTokens", 0),
        ("temperature-too-high", "temperature", 1.5),
        ("top-p-too-high", "topP", 1.5),
    ):
        expects = refused(INVALID, naming=member)
        yield ask(name, model_id, expects, Tier.CENTS, inferenceConfig={**_CONFIG, member: value})
    yield ask("unknown-role", model_id, invalid, Tier.CENTS, messages=[{**MESSAGES[0], "role": "narrator"}])
