"""The two stacks of an environment and the rules that every synth checks them by."""

import aws_cdk as cdk
import cdk_nag

from stacks.data_stack import DataStack
from stacks.pipeline_stack import PipelineStack
from stacks.settings import OWN_TAG, Settings, settings_from


def build(app: cdk.App, *, account: str | None) -> tuple[DataStack, PipelineStack]:
    """Adds `<environment>-data` and `<environment>-pipeline` to the app; without an account they fit any account."""
    settings = settings_from(app.node.get_all_context())
    environment = cdk.Environment(account=account, region=settings.region)
    tags = tags_of(settings)
    data = DataStack(app, f"{settings.deployment}-data", settings=settings, env=environment, tags=tags)
    pipeline = PipelineStack(
        app, f"{settings.deployment}-pipeline", settings=settings, data_stack=data, env=environment, tags=tags
    )
    for name, value in tags.items():
        cdk.Tags.of(app).add(name, value)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app, verbose=True), cdk_nag.ServerlessChecks(app))
    return data, pipeline


def tags_of(settings: Settings) -> dict[str, str]:
    """The tags of every resource: the environment's name and the user's own."""
    return {**settings.tags, OWN_TAG: settings.deployment}
