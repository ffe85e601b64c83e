"""Inside reaches out: one folder or file for each vendor or format, strangers to one another."""
