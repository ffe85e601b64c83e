"""What is held and what was earned."""
