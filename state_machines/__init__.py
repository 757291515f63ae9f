"""The pipeline: its definition, its retry policies by name, and its drawing.

Stacks and tests read it. Start at `fine_tuning.asl.json`; `diagram.py` draws docs/pipeline.md from it.
"""
