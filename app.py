"""The CDK app: settings → stacks → synth. It makes no AWS call and needs no credentials."""

import os
import sys

import aws_cdk as cdk

from stacks.app import build
from stacks.settings import SettingsError

app = cdk.App()
try:
    build(app, account=os.environ.get("CDK_DEFAULT_ACCOUNT"))
except SettingsError as refusal:
    sys.exit(str(refusal))
app.synth()
