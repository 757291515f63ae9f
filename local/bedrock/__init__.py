"""The simulated Bedrock: a small HTTP service that unchanged boto3 clients of `bedrock` and `bedrock-runtime` reach.

What it simulates and what not: docs/simulated-bedrock.md.
"""
