"""Guests that are the text of a cell, run by one component for all cells of their language."""
