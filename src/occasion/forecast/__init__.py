"""What is to come, said as numbers about the world: estimates, or refusals."""
