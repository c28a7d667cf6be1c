"""Loyalty stamp cards that live in the phone's own wallet."""

__version__ = "0.1.0"
