"""Free checks: foundation models, their life cycle, their lists, and the account's access to them."""

from collections.abc import Iterator

from lambdas.domain.models.catalogue import BaseModelEntry
from local.conformance.calls import AwsRequest
from local.conformance.check import ConformanceCheck, Tier
from local.conformance.expectations import Either, Expectation, Has, Includes, Items, Matches, answered, one_of, refused
from local.conformance.impossible import ABSENT_BASE_MODEL
from local.conformance.place import Place, has_ended, slug

NOT_FOUND = "ResourceNotFoundException"
INVALID = "ValidationException"


def unless_ended(entry: BaseModelEntry, expects: Expectation) -> Expectation:
    """What is expected of a model; one past its end of life may be refused as such."""
    return Either(expects, refused(NOT_FOUND, naming="end of its life")) if has_ended(entry) else expects


def foundation_model_checks(place: Place) -> Iterator[ConformanceCheck]:
    """All of them."""
    for entry in place.entries:
        yield from _of_model(place, entry)
    yield from _lists(place)
    yield from _unknown(place)


def _of_model(place: Place, entry: BaseModelEntry) -> Iterator[ConformanceCheck]:
    region = place.region_of(entry) or place.home

    def check(name: str, operation: str, parameters: dict[str, object], expects: Expectation) -> ConformanceCheck:
        request = AwsRequest("bedrock", operation, parameters, region)
        expects = unless_ended(entry, expects)
        return ConformanceCheck(f"{name}-{slug(entry)}", Tier.FREE, request, expects)

    yield check(
        "customizable",
        "GetFoundationModel",
        {"modelIdentifier": entry.customization_id},
        answered(
            one_of("modelDetails.modelId", entry.customization_id),
            one_of("modelDetails.modelLifecycle.status", "ACTIVE"),
            Includes("modelDetails.customizationsSupported", ("FINE_TUNING",)),
            Has("modelDetails.inferenceTypesSupported", list),
        ),
    )
    yield check(
        "asked",
        "GetFoundationModel",
        {"modelIdentifier": entry.foundation_model_id},
        answered(
            one_of("modelDetails.modelId", entry.foundation_model_id),
            Matches("modelDetails.modelArn", f"arn:aws:bedrock:{region}::foundation-model/?*"),
            Includes("modelDetails.outputModalities", ("TEXT",)),
        ),
    )
    if has_ended(entry):
        # No page says what is told of the access to it.
        return
    yield check(
        "available",
        "GetFoundationModelAvailability",
        {"modelId": entry.foundation_model_id},
        answered(
            one_of("modelId", entry.foundation_model_id),
            one_of("agreementAvailability.status", "AVAILABLE"),
            one_of("authorizationStatus", "AUTHORIZED"),
            one_of("entitlementAvailability", "AVAILABLE"),
            one_of("regionAvailability", "AVAILABLE"),
        ),
    )


def _lists(place: Place) -> Iterator[ConformanceCheck]:
    def check(
        name: str, parameters: dict[str, object], expects: Expectation, region: str = place.home
    ) -> ConformanceCheck:
        request = AwsRequest("bedrock", "ListFoundationModels", parameters, region)
        return ConformanceCheck(f"list-foundation-models-{name}", Tier.FREE, request, expects)

    members = ("modelId", "modelArn", "providerName", "inferenceTypesSupported", "modelLifecycle")
    yield check("all", {}, answered(Items("modelSummaries", members, least=1)))
    for region in place.regions:
        tuned = tuple(
            one.customization_id for one in place.entries if place.region_of(one) == region and not has_ended(one)
        )
        yield check(
            f"tuned-in-{region}",
            {"byCustomizationType": "FINE_TUNING"},
            answered(Includes("modelSummaries", tuned, "modelId")),
            region,
        )
    yield check("of-provider", {"byProvider": "Amazon"}, answered(Items("modelSummaries", members, least=1)))
    yield check("of-no-provider", {"byProvider": "Nobody at all"}, answered(Items("modelSummaries", most=0)))
    yield check("on-demand", {"byInferenceType": "ON_DEMAND"}, answered(Items("modelSummaries", members, least=1)))
    yield check(
        "unknown-filter",
        {"byCustomizationType": "MAGIC"},
        refused(INVALID, naming="byCustomizationType"),
    )


def _unknown(place: Place) -> Iterator[ConformanceCheck]:
    def check(name: str, operation: str, parameters: dict[str, object], expects: Expectation) -> ConformanceCheck:
        return ConformanceCheck(name, Tier.FREE, AwsRequest("bedrock", operation, parameters, place.home), expects)

    yield check(
        "foundation-model-unknown", "GetFoundationModel", {"modelIdentifier": ABSENT_BASE_MODEL}, refused(NOT_FOUND)
    )
    yield check(
        "foundation-model-malformed",
        "GetFoundationModel",
        {"modelIdentifier": "no model"},
        refused(INVALID),
    )
    yield check(
        "availability-unknown", "GetFoundationModelAvailability", {"modelId": ABSENT_BASE_MODEL}, refused(NOT_FOUND)
    )
    yield check(
        "availability-malformed",
        "GetFoundationModelAvailability",
        {"modelId": "no model"},
        refused(INVALID),
    )
