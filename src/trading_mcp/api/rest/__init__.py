"""REST: the reference's routes, thin over the operations, a module per section."""
