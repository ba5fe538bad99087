"""What leaves the house: calendar feeds, webhooks, notices, tools for an assistant. Nothing to customers."""
