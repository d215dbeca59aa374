"""What an agreement allows and which steps it may take. Pure: no database, no web, no clock."""
