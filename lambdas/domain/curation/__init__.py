"""Curation: models check the training records and write new ones, between the preflight and the training.

A judge calls records correct or incorrect (cleaning). A teacher writes pairs of question and answer about documents,
which a checker of another family must find in the document (synthesis). What models say is counted stage by stage, and
nothing that resembles a validation or test record goes into training.
"""
