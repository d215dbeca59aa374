"""What happens in the life of a household, and whom it should be handed over to then."""
