"""`fine-tune prices`: a price file with what AWS's Price List says now.

Where it says nothing, the price of the environment's own file stays, then the shipped one.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from cli.environment import Environment
from cli.price_list import PREFIXES, ListedPrice, NoPricesError, PriceList
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.cost.price_file import (
    FILE_NAME,
    BaseModelPrices,
    Prices,
    SourcedTokenPrice,
    UnitPrice,
    default_prices,
    parse_prices,
)
from lambdas.domain.models.catalogue import PROFILE_PREFIX, BaseModelEntry, catalogue
from local.output_folder import PathRefusedError, require_utf8, shown

_GLOBAL = "global."
# Models that nobody tunes here, by their names in the usage types; those of the catalogue are in their entries.
_FAMILIES = {
    "amazon.nova-premier-v1:0": "NovaPremier",
    "openai.gpt-oss-20b-1:0": "gpt-oss-20b",
    "openai.gpt-oss-120b-1:0": "gpt-oss-120b",
    "qwen.qwen3-32b-v1:0": "Qwen3-32B",
}
# Such as anthropic.claude-opus-4-6-v1 and anthropic.claude-haiku-4-5-20251001-v1:0.
_CLAUDE = re.compile(r"anthropic\.claude-(?P<kind>[a-z]+)-(?P<major>\d+)(-(?P<minor>\d{1,2}))?(-\d{8})?(-v\d+(:\d+)?)?")
# The marketplace has had two ways to write these; the part in front of `-Units` of `USE1-MP:USE1_…-Units`.
_MARKETPLACE = {
    "input": ("InputTokenCount", "input_tokens_standard"),
    "output": ("OutputTokenCount", "output_tokens_standard"),
}
_MARKETPLACE_GLOBAL = {
    "input": ("InputTokenCount_Global", "input_tokens_global_standard"),
    "output": ("OutputTokenCount_Global", "output_tokens_global_standard"),
}


class Change(NamedTuple):
    """A price that differs from the earlier one, by its place in the file; None is one that is not known."""

    place: str
    before: float | None
    after: float | None


class Merged(NamedTuple):
    """The new price file, what it changes, and the places of prices that the Price List does not have."""

    prices: Prices
    changes: list[Change]
    kept: list[str]


class _Reader:
    """Prices of the Price List as the price file has them."""

    def __init__(self, listed: PriceList, region: str, today: date) -> None:
        self._listed, self._region, self._today = listed, region, today
        self._entries = {entry.foundation_model_id: entry for entry in catalogue() if entry.price_list_name}

    def tuning(self, entry: BaseModelEntry, earlier: BaseModelPrices) -> BaseModelPrices:
        """The prices of tuning a base model, the earlier ones where the Price List has none."""
        if entry.price_list_name is None:
            return earlier
        [region, *_] = entry.customization_regions
        kind = f"{PREFIXES[region]}-{entry.price_list_name}"
        training = self._unit(self._listed.per_thousand(f"{kind}-Customization-Training"), region)
        storage = self._unit(self._listed.per_month(f"{kind}-Customization-Storage"), region)
        unit = self._unit(self._listed.per_hour(f"{kind}-ProvisionedThroughput-NoCommit-ModelUnits"), region)
        tokens = self._tokens(
            self._listed.per_thousand(f"{kind}-input-tokens-custom-model"),
            self._listed.per_thousand(f"{kind}-output-tokens-custom-model"),
            region,
        )
        return earlier.model_copy(
            update={
                "training_per_1000_tokens": training or earlier.training_per_1000_tokens,
                "storage_per_month": storage or earlier.storage_per_month,
                "model_unit_per_hour": unit or earlier.model_unit_per_hour,
                "on_demand": (tokens if "on_demand" in entry.serving else None) or earlier.on_demand,
            }
        )

    def asking(self, model_id: str) -> SourcedTokenPrice | None:
        """The price of asking a model; None where the Price List has none."""
        bare = model_id.removeprefix(PROFILE_PREFIX).removeprefix(_GLOBAL)
        scope = "-cross-region-global" if model_id.startswith(_GLOBAL) else ""
        if claude := _CLAUDE.fullmatch(bare):
            return self._claude(claude, _MARKETPLACE_GLOBAL if scope else _MARKETPLACE)
        entry = self._entries.get(bare)
        region = entry.customization_regions[0] if entry else self._region
        family = entry.price_list_name if entry else _FAMILIES.get(bare)
        if family is None:
            return None
        kind = f"{PREFIXES[region]}-{family}"

        def found(ending: str) -> SourcedTokenPrice | None:
            asked = self._listed.per_thousand(f"{kind}-input-tokens{ending}")
            return self._tokens(asked, self._listed.per_thousand(f"{kind}-output-tokens{ending}"), region)

        price, batch = found(scope), found("-batch")
        if price is None or batch is None or scope:
            return price
        return price.model_copy(update={"batch": TokenPrice(input=batch.input, output=batch.output)})

    def _claude(self, model: re.Match[str], names: Mapping[str, tuple[str, ...]]) -> SourcedTokenPrice | None:
        version = ".".join(part for part in (model["major"], model["minor"]) if part)
        product = f"Claude {model['kind'].capitalize()} {version} (Amazon Bedrock Edition)"
        prefix = PREFIXES[self._region]

        def found(side: str) -> ListedPrice | None:
            usage_types = (f"{prefix}-MP:{prefix}_{name}-Units" for name in names[side])
            return self._listed.per_thousand(*usage_types, service_name=product)

        return self._tokens(found("input"), found("output"), self._region)

    def _unit(self, found: ListedPrice | None, region: str) -> UnitPrice | None:
        if found is None:
            return None
        return UnitPrice(usd=found.usd, source=_source(region), as_of=self._today, confirmed=found.agreed)

    def _tokens(self, asked: ListedPrice | None, answered: ListedPrice | None, region: str) -> SourcedTokenPrice | None:
        """None unless both are known: half a price would be a cheap one."""
        if asked is None or answered is None:
            return None
        return SourcedTokenPrice(
            input=asked.usd,
            output=answered.usd,
            source=_source(region),
            as_of=self._today,
            confirmed=asked.agreed and answered.agreed,
        )


def _source(region: str) -> str:
    return f"AWS Price List, {region}"


def asked_regions(region: str) -> list[str]:
    """The Regions whose prices count: those where models are tuned, and that of the environment.

    Raises NoPricesError for a Region without models that can be tuned.
    """
    if region not in PREFIXES:
        raise NoPricesError(
            f"No model can be tuned in the Region {region!r}: name another one, {', '.join(PREFIXES)}, with --region."
        )
    return sorted({region, *(entry.customization_regions[0] for entry in catalogue())})


def own_prices(environment: Environment) -> Prices:
    """The price file that the environment's runs read, with the shipped price where it has none.

    Raises NoPricesError: what somebody has filled in by hand is nowhere else.
    """
    try:
        found = environment.adapters.price_file.read_prices(environment.input_bucket)
    except (Refused, ServiceBusy) as error:
        raise NoPricesError(
            f"The price file in the input bucket cannot be read, and is not replaced: {error}"
        ) from error
    if not isinstance(found, Prices):
        faults = " ".join(each.message for each in found)
        raise NoPricesError(
            f"The price file s3://{environment.input_bucket}/{FILE_NAME} has faults, and is not replaced: {faults} "
            "Correct or delete it, then repeat the command."
        )
    return _filled(found, default_prices())


def _filled(own: Prices, shipped: Prices) -> Prices:
    base_models = {
        model_id: prices.model_copy(
            update={
                key: getattr(shipped.base_models[model_id], key)
                for key in BaseModelPrices.model_fields
                if getattr(prices, key) is None
            }
        )
        for model_id, prices in own.base_models.items()
    }
    asked = {model_id: price for model_id, price in own.foundation_models.items() if price is not None}
    return own.model_copy(
        update={
            "as_of": min(own.as_of, shipped.as_of),
            "base_models": base_models,
            "foundation_models": {**own.foundation_models, **shipped.foundation_models, **asked},
        }
    )


def merge(earlier: Prices, listed: PriceList, region: str, today: date) -> Merged:
    """The earlier prices, replaced by those of the Price List; other models are asked in the environment's Region."""
    reader = _Reader(listed, region, today)
    base_models = {
        entry.customization_id: reader.tuning(entry, earlier.base_models[entry.customization_id])
        for entry in catalogue()
    }
    asked = {model_id: reader.asking(model_id) or price for model_id, price in earlier.foundation_models.items()}
    prices = earlier.model_copy(update={"base_models": base_models, "foundation_models": asked})
    dates = [each.as_of or earlier.as_of for _, each in _sourced(prices) if each]
    prices = prices.model_copy(update={"as_of": min(dates)})
    before, after = dict(_figures(earlier)), dict(_figures(prices))
    return Merged(
        prices,
        [Change(place, before[place], after[place]) for place in after if after[place] != before[place]],
        [place for place, each in _sourced(prices) if not (each and each.as_of == today)],
    )


def _sourced(prices: Prices) -> Iterator[tuple[str, UnitPrice | SourcedTokenPrice | None]]:
    """Each price by its place."""
    for model_id, own in prices.base_models.items():
        place = f"/base_models/{model_id}"
        yield f"{place}/training_per_1000_tokens", own.training_per_1000_tokens
        yield f"{place}/storage_per_month", own.storage_per_month
        yield f"{place}/model_unit_per_hour", own.model_unit_per_hour
        yield f"{place}/on_demand", own.on_demand
    for model_id, price in prices.foundation_models.items():
        yield f"/foundation_models/{model_id}", price


def _figures(prices: Prices) -> Iterator[tuple[str, float | None]]:
    """Each figure by its place."""
    for place, price in _sourced(prices):
        if place.startswith("/foundation_models/") or place.endswith("/on_demand"):
            tokens = price if isinstance(price, SourcedTokenPrice) else None
            yield f"{place}/input", tokens.input if tokens else None
            yield f"{place}/output", tokens.output if tokens else None
        else:
            yield place, price.usd if isinstance(price, UnitPrice) else None


def text_of(prices: Prices) -> bytes:
    """The price file."""
    return json.dumps(prices.model_dump(mode="json"), indent=2).encode() + b"\n"


def write(path: Path, content: bytes) -> None:
    """Writes the price file, over an earlier one, too; raises PathRefusedError where something else stands there."""
    require_utf8([path])
    if path.exists() and not (path.is_file() and isinstance(parse_prices(path.read_bytes()), Prices)):
        raise PathRefusedError(f"{shown(path)} is no price file: choose another name with --out.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def upload(environment: Environment, content: bytes) -> str:
    """Puts the file where the environment's runs read it and returns its URI; raises NoPricesError."""
    try:
        return environment.adapters.objects.write(environment.input_bucket, FILE_NAME, content)
    except (Refused, ServiceBusy) as error:
        raise NoPricesError(f"The file is written, but it could not be uploaded: {error}") from error
