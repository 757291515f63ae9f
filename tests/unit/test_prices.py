"""The price file: what is shipped fits the catalogue, and what a user brings is checked where it enters."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.cost.price_file import Prices, SourcedTokenPrice, UnitPrice, default_prices, parse_prices
from lambdas.domain.models.catalogue import catalogue

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
NOVA = "us.amazon.nova-2-lite-v1:0"


def shipped() -> dict[str, Any]:
    """The shipped file as a user would copy it."""
    document: dict[str, Any] = json.loads(default_prices().model_dump_json())
    return document


def test_shipped_prices_are_those_of_the_catalogue_and_no_others() -> None:
    """A model that is added without prices, or nulls for them, would have no estimate."""
    prices = default_prices()
    assert set(prices.base_models) == {entry.customization_id for entry in catalogue()}
    assert {entry.inference_id for entry in catalogue()} <= set(prices.foundation_models)
    assert parse_prices(json.dumps(shipped()).encode()) == prices


def test_a_run_of_every_model_but_the_dead_one_has_a_price_for_all_that_it_uses() -> None:
    """An unknown price refuses the run: the shipped file must not refuse what can be tuned."""
    prices = default_prices()
    for entry in catalogue():
        own = prices.base_models[entry.customization_id]
        if entry.customization_id == HAIKU:
            assert own.training_per_1000_tokens is None
            continue
        assert own.training_per_1000_tokens and own.storage_per_month
        assert own.model_unit_per_hour or "provisioned_throughput" not in entry.serving
        assert own.on_demand or "on_demand" not in entry.serving
        assert prices.foundation_models[entry.inference_id]


def test_every_shipped_price_has_source_and_date_and_the_judges_of_the_example_are_among_them() -> None:
    """A figure that nobody can trace is a guess."""
    prices = default_prices()
    units = [
        price
        for model in prices.base_models.values()
        for price in (
            model.training_per_1000_tokens,
            model.storage_per_month,
            model.model_unit_per_hour,
            model.on_demand,
        )
    ]
    known = [price for price in (*units, *prices.foundation_models.values()) if price is not None]
    assert all(price.source and price.as_of for price in known)
    assert min(price.as_of for price in known if price.as_of) == prices.as_of
    run = json.loads((Path(__file__).parents[2] / "examples" / "sweep-and-judges" / "run.json").read_text())
    assert all(prices.foundation_models[judge] for judge in run["evaluation"]["judges"])


def test_a_number_alone_is_a_price_of_the_files_own_source() -> None:
    """Whoever writes a price file by hand writes numbers."""
    file = shipped()
    file["base_models"][HAIKU]["model_unit_per_hour"] = 40
    found = parse_prices(json.dumps(file).encode())
    assert isinstance(found, Prices)
    assert found.base_models[HAIKU].model_unit_per_hour == UnitPrice(usd=40, confirmed=True)


def test_on_demand_price_is_given_only_where_a_model_can_be_served_so() -> None:
    """A price for a way of serving that does not exist is a mistake in one of the two files."""
    by_id = {entry.customization_id: entry for entry in catalogue()}
    for model_id, prices in default_prices().base_models.items():
        assert prices.on_demand is None or "on_demand" in by_id[model_id].serving
        assert prices.note


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda file: file.pop("as_of"), "/as_of"),
        (lambda file: file.update(as_of="last spring"), "/as_of"),
        (lambda file: file.pop("source"), "/source"),
        (lambda file: file.update(source=""), "/source"),
        (lambda file: file.update(currency="EUR"), "/currency"),
        (lambda file: file.update(discount=5), "/discount"),
        (lambda file: file.update(throughput_billing_seconds=0), "/throughput_billing_seconds"),
        (lambda file: file["base_models"].pop(HAIKU), f"/base_models/{HAIKU}"),
        (lambda file: file["base_models"].update({"no.such-model": file["base_models"][HAIKU]}), "/no.such-model"),
        (lambda file: file["foundation_models"].pop(NOVA), f"/foundation_models/{NOVA}"),
        (lambda file: file["foundation_models"][NOVA].pop("input"), f"/foundation_models/{NOVA}/input"),
        (lambda file: file["base_models"][HAIKU].pop("storage_per_month"), f"/{HAIKU}/storage_per_month"),
        (lambda file: file["base_models"][HAIKU].update(model_unit_per_hour=-1), "/model_unit_per_hour"),
        (lambda file: file["base_models"][HAIKU].update(model_unit_per_hour="60"), "/model_unit_per_hour"),
        (lambda file: file["base_models"][HAIKU].update(model_unit_per_hour=float("nan")), "/model_unit_per_hour"),
        (lambda file: file["base_models"][HAIKU].update(model_unit_per_hour=float("inf")), "/model_unit_per_hour"),
        (lambda file: file["base_models"][HAIKU].update(model_unit_per_hour=True), "/model_unit_per_hour"),
    ],
)
def test_hole_is_an_error_that_names_its_place(change: Callable[[dict[str, Any]], object], place: str) -> None:
    """A hole that counted as nothing would let a dear run through."""
    file = shipped()
    change(file)
    found = parse_prices(json.dumps(file).encode())
    assert isinstance(found, list)
    assert len(found) == 1
    assert place in found[0].message
    assert (found[0].check, found[0].severity) == ("prices", "error")
    assert "prices.json" in found[0].remedy


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_what_is_no_price_file_is_refused(text: bytes) -> None:
    """Anything can stand under the name."""
    found = parse_prices(text)
    assert isinstance(found, list)
    assert found


def test_all_faults_are_told_at_once() -> None:
    """A user corrects a file once."""
    found = parse_prices(b"{}")
    assert isinstance(found, list)
    assert {finding.message.split(":")[0] for finding in found} == {
        f"prices.json, /{key}" for key in Prices.model_fields
    }


def test_missing_models_are_told_beside_other_faults() -> None:
    """A date that is forgotten must not hide that a model has no prices."""
    file = shipped()
    del file["as_of"], file["base_models"][HAIKU], file["foundation_models"][NOVA]
    file["base_models"]["no.such-model"] = {"training_per_1000_tokens": -1}
    found = parse_prices(json.dumps(file).encode())
    assert isinstance(found, list)
    told = {finding.message.split(": ")[0].removeprefix("prices.json, ") for finding in found}
    assert {"/as_of", f"/base_models/{HAIKU}", f"/foundation_models/{NOVA}", "/base_models/no.such-model"} <= told


def test_null_is_a_price_that_is_unknown() -> None:
    """Nobody has to guess a price to make the file valid."""
    file = shipped()
    file["base_models"][HAIKU] |= dict.fromkeys(("training_per_1000_tokens", "storage_per_month", "on_demand"))
    file["foundation_models"][NOVA] = None
    assert isinstance(parse_prices(json.dumps(file).encode()), Prices)


def test_runs_own_prices_replace_single_ones() -> None:
    """run.json and the deployment's setting win, and leave the other prices as they are."""
    own = TokenPrice(input=1, output=2)
    replaced = default_prices().replaced({"a.judge": own}, HAIKU, 42.0)
    assert replaced.foundation_models["a.judge"] == SourcedTokenPrice(input=1, output=2)
    assert replaced.base_models[HAIKU].model_unit_per_hour == UnitPrice(usd=42)
    assert replaced.foundation_models[NOVA] == default_prices().foundation_models[NOVA]
    assert replaced.base_models[HAIKU].note == default_prices().base_models[HAIKU].note
