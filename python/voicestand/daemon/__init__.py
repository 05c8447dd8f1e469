"""A run that others steer: its lock, its control socket, what it tells the service manager."""
