"""Talks to the CRM: what Kommo says, and how it is asked."""
