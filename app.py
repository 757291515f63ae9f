"""The CDK app: settings → stacks → synth. It makes no AWS call and needs no credentials."""

import os
import sys
from pathlib import Path

import aws_cdk as cdk

from stacks.app import build
from stacks.assets import checked_assets
from stacks.settings import SettingsError

app = cdk.App()
with checked_assets(Path(app.outdir)):
    try:
        build(app, account=os.environ.get("CDK_DEFAULT_ACCOUNT"))
    except SettingsError as refusal:
        sys.exit(str(refusal))
    app.synth()
