"""What an administrator sees: the systems that ask. No personal data of customers."""
