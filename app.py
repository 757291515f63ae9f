"""The CDK app: settings → stacks → synth. It makes no AWS call and needs no credentials."""

import os

import aws_cdk as cdk

from stacks.app import build

app = cdk.App()
build(app, account=os.environ.get("CDK_DEFAULT_ACCOUNT"))
app.synth()
