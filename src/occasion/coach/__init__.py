"""The coach: whether a message is a moment or a touch, and why, before a person sends it."""
