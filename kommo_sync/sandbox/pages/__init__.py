"""Pages for people: what a manager would see in the account, and who wrote it."""

from kommo_sync.sandbox.pages.views import blueprint, refusal

__all__ = ["blueprint", "refusal"]
