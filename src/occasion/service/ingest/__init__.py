"""What clients send, read into the log's terms."""
