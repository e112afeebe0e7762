"""What the command lines do, as functions. Import each by its module: none waits for the libraries of another."""
