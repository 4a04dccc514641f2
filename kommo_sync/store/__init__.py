"""Remembers what Kommo said, and what was done about it."""
