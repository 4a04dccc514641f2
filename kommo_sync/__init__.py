"""Keeps clients from leaving, inside the CRM that sales managers already use."""
