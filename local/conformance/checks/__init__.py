"""The checks, a module for each subject. `local.conformance.suite` imports it."""
