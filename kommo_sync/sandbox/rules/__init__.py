"""What may be written and what follows from it, resource by resource."""
