"""What is true of the service, told in sentences and tried on both databases."""
