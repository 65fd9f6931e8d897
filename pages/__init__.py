"""The documentation's own program: reference pages from the code, pictures from what it really prints and shows."""
