"""Tokens, and how they are obtained."""
