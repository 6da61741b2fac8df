"""Measurements of ours beside the stock parts, both sides in one run: ``make bench``."""
