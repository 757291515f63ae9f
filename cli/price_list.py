"""AWS's Price List: what it is asked, and what its answers say of a price.

Its products are found by their usage type, such as `USE1-NovaLite-Customization-Training`; one that nobody asks for is
passed over. A usage type may have several products and each several prices. The dearest counts.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field, ValidationError

# The API has endpoints in few Regions.
PRICE_LIST_REGION = "us-east-1"
# The usage types of a Region begin with these.
PREFIXES = {"us-east-1": "USE1", "us-east-2": "USE2", "us-west-2": "USW2"}

# Amazon's and open models; models that are sold through the marketplace, current Claude models among them.
SERVICES = ("AmazonBedrock", "AmazonBedrockFoundationModels")

_DENIED = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation")
_BUSY = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded")
_MILLION = re.compile(r"\b(1m|million)\b", re.IGNORECASE)
_THOUSAND = re.compile(r"\b(1k|1,?000|thousand)\b", re.IGNORECASE)


class NoPricesError(Exception):
    """The Price List gave no answer; the message says why, and what to do."""


class ListedPrice(NamedTuple):
    """A price in USD; `agreed` says that all products of the usage type have it."""

    usd: float
    agreed: bool


class _Dimension(BaseModel):
    unit: str = ""
    description: str = ""
    per_unit: dict[str, float] = Field(alias="pricePerUnit")


class _Term(BaseModel):
    dimensions: dict[str, _Dimension] = Field(alias="priceDimensions")


class _Terms(BaseModel):
    on_demand: dict[str, _Term] = Field(alias="OnDemand")


class _Attributes(BaseModel):
    usage_type: str = Field(alias="usagetype")
    service_name: str = Field(default="", alias="servicename")


class _Product(BaseModel):
    attributes: _Attributes


class _Item(BaseModel):
    """A product with its prices, as far as they are needed."""

    product: _Product
    terms: _Terms


# What a dimension costs by the unit that is looked for; None where it has another one.
_Reading = Callable[[_Dimension], float | None]


class PriceList:
    """The products of the Price List by their usage type, those of the marketplace by the model's name, too."""

    def __init__(self, items: Iterable[str | bytes]) -> None:
        self._prices: dict[tuple[str, str], list[_Dimension]] = {}
        for item in items:
            try:
                read = _Item.model_validate_json(item)
            except ValidationError:
                # A product of another form, such as one with reserved prices alone.
                continue
            found = [each for term in read.terms.on_demand.values() for each in term.dimensions.values()]
            self._prices.setdefault((read.product.attributes.usage_type, ""), []).extend(found)
            key = (read.product.attributes.usage_type, read.product.attributes.service_name)
            if key[1]:
                self._prices.setdefault(key, []).extend(found)

    def per_thousand(self, *usage_types: str, service_name: str = "") -> ListedPrice | None:
        """The price of 1,000 tokens by the first of the usage types that has one."""
        return self._find(usage_types, service_name, _per_thousand)

    def per_hour(self, usage_type: str) -> ListedPrice | None:
        """The price of an hour."""
        return self._find([usage_type], "", lambda each: each.per_unit["USD"] if "hour" in each.unit.lower() else None)

    def per_month(self, usage_type: str) -> ListedPrice | None:
        """The price of a month."""
        return self._find([usage_type], "", lambda each: each.per_unit["USD"] if "month" in each.unit.lower() else None)

    def _find(self, usage_types: Sequence[str], service_name: str, price: _Reading) -> ListedPrice | None:
        for usage_type in usage_types:
            dimensions = [each for each in self._prices.get((usage_type, service_name), []) if each.per_unit.get("USD")]
            usd = [found for each in dimensions if (found := price(each))]
            if usd:
                return ListedPrice(max(usd), agreed=len(set(usd)) == 1)
        return None


def _per_thousand(price: _Dimension) -> float | None:
    """The unit says how many tokens are priced; where it does not, as in the marketplace, the description does."""
    for text in (price.unit, price.description):
        if _MILLION.search(text):
            # Without the error of a division, such as 0.00011000000000000002.
            return float(f"{price.per_unit['USD'] / 1000:.12g}")
        if _THOUSAND.search(text):
            return price.per_unit["USD"]
    return None


def read_price_list(client: Any, regions: Iterable[str]) -> PriceList:
    """Bedrock's products in these Regions, by a client of the Price List; raises NoPricesError."""
    return PriceList(item for region in regions for service in SERVICES for item in _products(client, service, region))


def _products(client: Any, service: str, region: str) -> Iterable[str]:
    pages = client.get_paginator("get_products").paginate(
        ServiceCode=service,
        FormatVersion="aws_v1",
        Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
    )
    try:
        for page in pages:
            yield from page["PriceList"]
    except (BotoCoreError, ClientError) as error:
        raise NoPricesError(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    response: Mapping[str, Any] = getattr(error, "response", {})
    code = response.get("Error", {}).get("Code", "")
    if code in _DENIED:
        return (
            f"AWS's Price List refuses the question ({code}): allow your credentials pricing:GetProducts on all "
            "resources. The shipped prices stay in force."
        )
    if code in _BUSY:
        return f"AWS's Price List has too many questions at once ({code}): repeat the command in a few minutes."
    return f"AWS's Price List gave no answer: {error} Repeat the command; the shipped prices stay in force."
