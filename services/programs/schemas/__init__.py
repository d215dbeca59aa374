"""What a programs service says and hears on the wire."""
