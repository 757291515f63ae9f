"""What lies in the output bucket and in the parameter store, a file for each kind."""
