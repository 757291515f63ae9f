"""Bytes as blocks of lines, CSV rows and a checksum, in constant memory.

The data set's room imports it. Start at `blocks.py`.
"""
