"""A result as a page that needs nothing but a browser: no server, no network."""
