"""The routes of API v4, one module per resource; each ends in a `ROUTES` table."""
