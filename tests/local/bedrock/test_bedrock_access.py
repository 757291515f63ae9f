"""Access to models of a new account, as AWS documents it: calls succeed at first, and are denied later."""

import pytest
from botocore.exceptions import ClientError

from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import Simulation

CLAUDE = "anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-lite-v1:0"


def account(model: str, access: str) -> SimulationSettings:
    return SimulationSettings.model_validate({"model_access": {model: access}})


def converse(simulation: Simulation, model: str) -> None:
    simulation.runtime.converse(modelId=model, messages=[{"role": "user", "content": [{"text": "Hello"}]}])


@pytest.mark.assumption("access-first-calls-may-succeed", "access-denied-names-marketplace")
@pytest.mark.parametrize("settings", [account(CLAUDE, "NOT_SUBSCRIBED")])
def test_a_model_without_subscription_answers_for_a_quarter_of_an_hour(simulation: Simulation) -> None:
    """A client that is content with one answer starts a training whose judge is gone in the end."""
    converse(simulation, f"us.{CLAUDE}")
    simulation.clock.advance(899)
    converse(simulation, f"us.{CLAUDE}")
    simulation.clock.advance(1)
    with pytest.raises(ClientError, match=r"AccessDeniedException.*aws-marketplace:Subscribe"):
        converse(simulation, f"us.{CLAUDE}")
    converse(simulation, NOVA)


@pytest.mark.assumption("access-not-authorized-is-denied")
@pytest.mark.parametrize("settings", [account(NOVA, "NOT_AUTHORIZED")])
def test_a_model_that_a_policy_denies_answers_nothing(simulation: Simulation) -> None:
    """There is no grace for it."""
    with pytest.raises(ClientError, match="AccessDeniedException"):
        converse(simulation, NOVA)


@pytest.mark.assumption("access-is-told")
@pytest.mark.parametrize(
    ("settings", "agreement", "authorized", "entitled"),
    [
        (account(CLAUDE, "SUBSCRIBED"), "AVAILABLE", "AUTHORIZED", "AVAILABLE"),
        (account(CLAUDE, "PENDING"), "PENDING", "AUTHORIZED", "AVAILABLE"),
        (account(CLAUDE, "NOT_SUBSCRIBED"), "NOT_AVAILABLE", "AUTHORIZED", "NOT_AVAILABLE"),
        (account(CLAUDE, "NOT_AUTHORIZED"), "AVAILABLE", "NOT_AUTHORIZED", "AVAILABLE"),
    ],
)
def test_the_access_is_told(simulation: Simulation, agreement: str, authorized: str, entitled: str) -> None:
    """It is how a client learns of it before the access ends."""
    told = simulation.bedrock.get_foundation_model_availability(modelId=CLAUDE)
    assert told["agreementAvailability"] == {"status": agreement}
    assert (told["authorizationStatus"], told["entitlementAvailability"]) == (authorized, entitled)
    assert (told["modelId"], told["regionAvailability"]) == (CLAUDE, "AVAILABLE")


@pytest.mark.assumption("access-of-an-unknown-model-is-not-told")
def test_an_unknown_model_has_no_availability(simulation: Simulation) -> None:
    """Nor has an inference profile, whose id is another one."""
    for model in ("anthropic.claude-of-tomorrow-v1:0", f"us.{CLAUDE}"):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            simulation.bedrock.get_foundation_model_availability(modelId=model)
