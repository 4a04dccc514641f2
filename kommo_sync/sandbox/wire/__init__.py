"""What a request means: brackets, filters, pages, refusals."""
