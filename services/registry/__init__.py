"""The Social Registry: places, households, individuals, memberships, identifiers, categories."""
