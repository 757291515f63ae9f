"""How an answer is scored against its reference, a file for each metric."""
