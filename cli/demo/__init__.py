"""The sample country: a registry, eight messy beneficiary lists, and the truth about them. Nobody in it is real."""
