"""How fast the service is, as a share of what hand-written code reaches on the same machine in the same run."""
