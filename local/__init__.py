"""The embedded AWS: emulator, simulated Bedrock, faults, benchmarks.

Only `cli` and tests import it. Start at `embedded_aws.py`.
"""
