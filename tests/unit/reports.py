"""A run's report for tests."""

from lambdas.domain.report.run_report import ArmFigures, SucceededReport

NO_TOKENS = dict.fromkeys(("mean", "median", "sd", "min", "max"))


def arm_figures(**changes: object) -> ArmFigures:
    """An arm of one record that it answered wrongly."""
    metrics = dict.fromkeys(("f1", "f1_seed", "exact_match", "rouge_l", "numeric_match"), 0.0)
    figures: dict[str, object] = {
        "model_id": "model",
        "few_shot": 0,
        "n": 1,
        "errors": 0,
        **metrics,
        "output_tokens": NO_TOKENS,
        "latency_ms": {"p50": None, "p95": None},
        "stop_reasons": {},
        "price_per_1000": None,
        "classification": None,
        "token_reduction_percent": None,
    }
    return ArmFigures.parse(figures | changes)


def succeeded_report(**changes: object) -> SucceededReport:
    """The report of a simulated run in which no answer was right."""
    report: dict[str, object] = {
        "run_id": "sales-0123456789ab",
        "status": "succeeded",
        "simulated": True,
        "base_model": "base-model",
        "custom_model_arn": "arn:model",
        "dataset": {"train": 1, "validation": 0, "test": 1},
        "arms": {"tuned": arm_figures(), "base": arm_figures()},
        "serving": None,
        "throughput": None,
        "hyperparameters": {},
        "recommended": [],
        "evaluation": {},
        "preflight": None,
        "training": {
            "job_arn": "arn:job",
            "started_at": None,
            "ended_at": None,
            "epochs": [],
            "best_epoch": None,
            "stopped_early": None,
            "overfitting": None,
            "explanation": "",
        },
        "task": {"kind": "text", "detected": True, "metric": "f1"},
        "comparisons": [],
        "judging": {"judges": [], "kappa": None, "agreements": [], "pairs": [], "people": [], "prompt": None},
        "decision": {"verdict": "inconclusive", "reasons": [], "metric": "f1", "gate": {}, "champion": None},
        "extremes": {"against": "base", "metric": "f1", "gains": [], "regressions": []},
        "lineage": {
            "package_version": "0",
            "source": {"bucket": "in", "key": "input/sales.jsonl", "version_id": None},
            "objects": [],
            "judge_prompt": None,
        },
        "left_on_purpose": [],
    }
    return SucceededReport.parse(report | changes)
