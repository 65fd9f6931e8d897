"""One pass, in parts: how it begins, looks, chooses, trusts, tells; and passes that only look."""
