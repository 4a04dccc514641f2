"""Acceptance: the sandbox as strangers meet it, over HTTP; imports nothing of ours."""
