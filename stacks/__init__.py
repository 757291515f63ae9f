"""The infrastructure (AWS CDK).

It knows `lambdas` as files to pack and data to read, never as code. Start at `app.py`.
"""
