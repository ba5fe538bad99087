"""What happened: events, how they are loaded, and simulated businesses with known truth."""
