"""Occasion: find, foresee, make and measure the moments that keep customers."""

from occasion.errors import InputError, OccasionError
from occasion.estimate import Estimate, Refusal

__version__ = "0.1.0"
__all__ = ["Estimate", "InputError", "OccasionError", "Refusal", "__version__"]
