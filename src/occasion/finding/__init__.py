"""Which moments go with staying, and how much of that survives time and engagement."""
