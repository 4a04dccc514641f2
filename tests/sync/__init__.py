"""Tests of kommo_sync.sync."""
