"""One command for each published figure."""
