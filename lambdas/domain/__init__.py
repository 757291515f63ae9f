"""The rules, without I/O and without boto3, in rooms.

A room imports those below it only: report, preflight, settings, cost, plan, evaluation, serving, training, dataset,
models, core.
"""
