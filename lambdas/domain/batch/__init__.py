"""Batch inference: questions that can wait are put into one job of Bedrock, at half the price.

Which models Bedrock takes them for, the lines that a job reads and writes, and what a job has come to. Whoever has
questions uses it (curation does); what a question is about is nothing to this room.
"""
