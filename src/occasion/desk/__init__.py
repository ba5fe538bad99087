"""The desk: what a person sees in the morning and what they may do about it. It knows nothing of HTTP or HTML."""
