"""The pages about logging in and about the account."""
