"""The embedded AWS: emulator, simulated Bedrock, faults, benchmarks; and the checks of Bedrock's API.

Only `cli` and tests import it. Start at `embedded_aws.py`.
"""
