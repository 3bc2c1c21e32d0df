"""What the tests share: starting programs, waiting, botocore's model, traces to send, graphs to read."""
