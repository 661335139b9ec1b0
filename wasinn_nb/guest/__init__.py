"""Guests: languages, builds, and sandboxed runs."""
