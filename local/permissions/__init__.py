"""What a caller may do: each call on the embedded AWS is decided by the deployed policies, as IAM decides it."""
