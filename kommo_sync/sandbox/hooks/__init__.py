"""Webhooks: what they say, and how they get there."""
