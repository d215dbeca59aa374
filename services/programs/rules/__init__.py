"""Pure decisions of the programs service: no I/O, no clock."""
