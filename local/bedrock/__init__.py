"""The simulated Bedrock: a small HTTP service that unchanged boto3 clients of `bedrock` and `bedrock-runtime` reach.

`local` and tests import it. Start at `service.py`. What it simulates and what not: docs/simulated-bedrock.md.
"""
