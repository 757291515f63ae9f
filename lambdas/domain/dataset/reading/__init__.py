"""Bytes as blocks of lines, CSV rows and a checksum, in constant memory."""
