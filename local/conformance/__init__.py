"""Checks of Bedrock's API against what this project assumes of it: the same ones on the simulated Bedrock and on AWS.

`cli` and tests import it. Of the simulated Bedrock it imports the register of assumptions alone, so that nothing is
taken from there; the catalogue, the prices, the tags and the reconciler are `lambdas`'. Start at `suite.py`.
"""
