"""HTTP of the registry, behind the gateway at /registry."""
