"""The most that each tier can cost, by the shipped prices."""

import json
import math
from collections.abc import Sequence

from lambdas.domain.cost.price_file import Prices, default_prices
from lambdas.domain.models.catalogue import BaseModelEntry
from local.conformance.belongings import most_tokens
from local.conformance.calls import AwsRequest, Json
from local.conformance.check import ConformanceCheck, Tier

# What a request has beside its texts: roles and the model's own template.
_OVERHEAD_TOKENS = 200
# Questions to the deployment, those that should be refused included.
_QUESTIONS = 4
_QUESTION_TOKENS = 300


def most_usd(tier: Tier, checks: Sequence[ConformanceCheck], entry: BaseModelEntry | None) -> float:
    """The most that the tier and those before it can cost, rounded up to whole cents."""
    prices = default_prices()
    # Those of the tier free are about no model.
    priced = [check.request for check in checks if check.tier in tier.included and check.tier is not Tier.FREE]
    asked = [request for request in priced if isinstance(request, AwsRequest)]
    usd = sum(_of_question(one.parameters, prices) for one in asked if one.operation == "Converse")
    if tier is Tier.DOLLARS and entry is not None:
        usd += _of_lifecycle(entry, prices)
    return math.ceil(usd * 100) / 100


def _of_question(parameters: Json, prices: Prices) -> float:
    """One to a model of an unknown price counts as one to the dearest does."""
    known = [price for price in prices.foundation_models.values() if price is not None]
    price = prices.foundation_models.get(parameters["modelId"])
    per_input = price.input if price else max(one.input for one in known)
    per_output = price.output if price else max(one.output for one in known)
    # No token is shorter than a byte.
    read = len(json.dumps([parameters["messages"], parameters.get("system")])) + _OVERHEAD_TOKENS
    most: int = parameters["inferenceConfig"]["maxTokens"]
    return (read * per_input + most * per_output) / 1000


def _of_lifecycle(entry: BaseModelEntry, prices: Prices) -> float:
    """One epoch, a month of the model's storage as if it were billed whole, and the questions."""
    own = prices.base_models[entry.customization_id]
    training = own.training_per_1000_tokens.usd * most_tokens(entry) / 1000 if own.training_per_1000_tokens else 0.0
    storage = own.storage_per_month.usd if own.storage_per_month else 0.0
    answers = (
        _QUESTIONS * _QUESTION_TOKENS * (own.on_demand.input + own.on_demand.output) / 1000 if own.on_demand else 0
    )
    return training + storage + answers
