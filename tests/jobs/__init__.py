"""Tests of kommo_sync.jobs."""
