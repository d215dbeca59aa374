"""What a programs service refuses, by what it is about."""
