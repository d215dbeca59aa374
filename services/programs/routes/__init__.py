"""HTTP of a programs service, behind the gateway at /programs/{institution}."""
