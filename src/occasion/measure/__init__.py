"""Estimates of effects, with and without randomisation."""
