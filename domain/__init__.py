"""What things are: records, their rules and constraints. Imports nothing from workflows or api."""
