"""The operator's screen: state first, cause second, action third. No personal data, no partner data."""
