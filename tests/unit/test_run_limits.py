"""What an uploader cannot do with run.json: weaken the environment's gate, or name models that it does not allow."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.evaluation.gate import Evidence, GateSettings, decide
from lambdas.domain.evaluation.significance import Difference
from lambdas.domain.models.catalogue import catalogue
from lambdas.domain.settings.run_limits import RunLimits, gate_findings, known_models, run_gate
from lambdas.domain.settings.run_settings import Choices, parse
from stacks.settings import Gate

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
NOVA = "amazon.nova-lite-v1:0"
EXAMPLES = Path(__file__).parents[2] / "examples"


def faults(document: dict[str, Any], **limits: Any) -> dict[str, str]:
    """The faults of a run.json under a deployment's limits."""
    parsed = parse(json.dumps(document).encode(), HAIKU, RunLimits(max_model_units=1, **limits))
    return {} if isinstance(parsed, Choices) else {fault.pointer: fault.message for fault in parsed}


@pytest.mark.parametrize(
    ("key", "least", "laxer", "strict_enough"),
    [
        ("metric", "label_match", ["f1", "primary"], ["label_match"]),
        ("smallest_gain", 2, [0, 1.9], [2, 3]),
        ("max_token_increase_percent", 10, [None, 11], [10, -5]),
        ("max_token_increase_percent", None, [], [None, 11]),
        ("max_latency_increase_percent", 0, [None, 0.1], [0, -1]),
    ],
)
def test_a_gate_that_is_laxer_than_the_deployments_is_refused_by_key_and_minimum(
    key: str, least: object, laxer: list[object], strict_enough: list[object]
) -> None:
    """Otherwise whoever uploads the data decides what may replace the champion."""
    limit = GateSettings.model_validate({key: least})
    for value in laxer:
        found = faults({"evaluation": {"gate": {key: value}}}, gate=limit)
        assert list(found) == [f"/evaluation/gate/{key}"]
        assert f"{json.dumps(least)} (its setting gate)" in found[f"/evaluation/gate/{key}"]
    for value in strict_enough:
        assert faults({"evaluation": {"gate": {key: value}}}, gate=limit) == {}


def test_a_gate_without_an_interval_is_refused_by_name() -> None:
    """A gain that may be chance promotes nothing; files that say true stay valid."""
    found = faults({"evaluation": {"gate": {"interval_must_exclude_zero": False}}})
    assert list(found) == ["/evaluation/gate/interval_must_exclude_zero"]
    assert "may be chance" in found["/evaluation/gate/interval_must_exclude_zero"]
    assert faults({"evaluation": {"gate": {"interval_must_exclude_zero": True}}}) == {}


def test_a_run_that_says_nothing_has_the_deployments_gate() -> None:
    """A minimum that only counted where run.json names it could be left out."""
    least = GateSettings(smallest_gain=2, max_token_increase_percent=10)
    parsed = parse(b'{"evaluation": {"gate": {"smallest_gain": 3}}}', HAIKU, RunLimits(1, least))
    assert isinstance(parsed, Choices)
    assert parsed.settings.evaluation.gate == GateSettings(smallest_gain=3, max_token_increase_percent=10)
    without = parse(None, HAIKU, RunLimits(1, least))
    assert isinstance(without, Choices)
    assert without.settings.evaluation.gate == least


def test_the_primary_metric_is_not_the_uploaders_to_choose() -> None:
    """Another kind of task has another primary metric, which may be an easier one."""
    given_kind = {"evaluation": {"task_kind": "text"}}
    assert list(faults(given_kind, gate=GateSettings(metric="primary"))) == ["/evaluation/task_kind"]
    assert faults(given_kind, gate=GateSettings(smallest_gain=1)) == {}
    assert faults(given_kind, gate=GateSettings(metric="label_match")) == {}


_LIMITS = st.one_of(st.none(), st.floats(-100, 100))
_GATES = st.builds(
    GateSettings,
    smallest_gain=st.floats(0, 10),
    max_token_increase_percent=_LIMITS,
    max_latency_increase_percent=_LIMITS,
)


@given(_GATES, _GATES, st.floats(-10, 10), st.floats(0, 5), _LIMITS, _LIMITS)
def test_no_accepted_gate_promotes_what_the_deployments_would_not(
    own: GateSettings, least: GateSettings, gain: float, reach: float, tokens: float | None, latency: float | None
) -> None:
    """What "stricter" means is what the verdict does."""
    if gate_findings(own, least):
        return
    difference = Difference(gain, (gain - reach, gain + reach), 0.01, 5.0, 30, 20)
    evidence = [Evidence("base", "F1", difference, tokens, latency)]
    if decide(run_gate(own, least), evidence).verdict == "promote":
        assert decide(least, evidence).verdict == "promote"


def test_the_deployments_setting_has_the_keys_and_values_of_a_runs_gate() -> None:
    """One that the functions do not know would fail each run."""

    def shape(model: type[GateSettings | Gate]) -> dict[str, Any]:
        properties: dict[str, Any] = model.model_json_schema()["properties"]
        return {key: {name: rule for name, rule in of.items() if name != "title"} for key, of in properties.items()}

    assert shape(Gate) == shape(GateSettings)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"base_model": "amazon.nova-pro-v1:0:300k"}, "/base_model"),
        ({"evaluation": {"models": [NOVA, "a.dear-one"]}}, "/evaluation/models/1"),
        ({"evaluation": {"judges": ["a.dear-one"]}}, "/evaluation/judges/0"),
        ({"evaluation": {"few_shot": 3, "models": ["a.dear-one"]}}, "/evaluation/models/0"),
    ],
)
def test_a_model_outside_the_deployments_list_is_refused_wherever_it_is_named(
    document: dict[str, Any], pointer: str
) -> None:
    """Each answer of it is billed to the account, and sends it the data."""
    found = faults(document, allowed_models=[NOVA])
    assert list(found) == [pointer]
    assert "its setting allowed_models" in found[pointer]
    assert NOVA in found[pointer]
    assert faults(document, allowed_models=["*"]) == {}


def test_an_empty_list_leaves_the_deployments_own_model_alone() -> None:
    """It is what the deployment is for, under each of its names."""
    for name in (HAIKU, HAIKU.removesuffix(":200k")):
        assert faults({"base_model": name}, allowed_models=[]) == {}
    assert faults({"evaluation": {"models": [NOVA]}}, allowed_models=[]).keys() == {"/evaluation/models/0"}


def test_without_a_list_the_project_knows_its_catalogue_and_its_examples() -> None:
    """A deployment that sets nothing is neither open to every model nor closed to what the project shows."""
    for entry in catalogue():
        assert faults({"base_model": entry.customization_id}, allowed_models=None) == {}
    for file in EXAMPLES.glob("*/run.json"):
        assert faults(json.loads(file.read_text()), allowed_models=None) == {}
    assert faults({"evaluation": {"judges": ["a.dear-one"]}}, allowed_models=None).keys() == {"/evaluation/judges/0"}
    misspelt = faults({"evaluation": {"judges": ["amazon.nova-prov1:0"]}}, allowed_models=None)
    assert misspelt["/evaluation/judges/0"].endswith("Did you mean amazon.nova-pro-v1:0?")
    assert {NOVA, f"us.{NOVA}"} <= known_models()
    # It sends the data to other parts of the world: whoever deploys allows it, or nobody does.
    assert not [model_id for model_id in known_models() if "global." in model_id]
