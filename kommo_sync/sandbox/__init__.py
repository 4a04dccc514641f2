"""An imitation of a Kommo account: API v4, OAuth, webhooks and pages, in one process.

Written from the documented and measured behaviour of the API and from nothing of ours:
this package imports no other part of kommo_sync, so that it can bear witness.
"""
