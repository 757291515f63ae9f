"""How large each fact of a run may be in the execution's state, in bytes of JSON.

Step Functions ends an execution whose state is larger than 256 KB with an error of its own, past the clean-up lane's
words. So what comes from outside is cut where it enters, and no input makes a state of more than STATE_BYTES.
"""

STATE_BYTES = 230_000
FACT_BYTES = {
    "run": 8_000,
    "plan": 74_000,
    "preflight": 12_000,
    "jobs": 27_000,
    "model": 9_000,
    "approval": 3_000,
    # The decision alone, once it is approved; where it is not, there is no other approval.
    "curation_approval": 100,
    # The judges' batch jobs, of models whose ids are known; those of the baselines end with their branch.
    "batches": 2_500,
    "servings": 26_000,
    "responses": 9_000,
    "report": 20_000,
    "explanation": 20_000,
}
# Of a Catch: the message once more as JSON in a JSON text, which doubles quotes at most, and a short stack trace.
CAUGHT_BYTES = 13_000
# Of an error that a handler raises.
ERROR_BYTES = 5_000
# Those that can stand side by side in a run that fails, and in one that does not.
FAILED_LANE = ("failure", "stop_failure", "discard_failure")
SUCCEEDED_LANE = ("judging_failure", "discard_failure", "promotion_failure")

# Of the texts in those facts.
CAUSE_BYTES = 8_000
MESSAGE_BYTES = 16_000
JOB_FAILURE_BYTES = 1_000
# Why nothing could be bought yet.
REASON_BYTES = 1_000
# Of the error that ended a candidate's lease; Step Functions' own names are the longest.
LEASE_ERROR_BYTES = 100
LEASE_FAILURE_BYTES = 1_000
MISSING_ARM_BYTES = 250
FINDING_BYTES = 250
MOST_FINDINGS = 35
