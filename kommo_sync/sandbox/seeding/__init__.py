"""Accounts made up from a seed, whose truth is known, or from a log of purchases."""
