"""The simulated models: they read a prompt and answer it. The service knows them by `answer(system, turns)` alone."""
