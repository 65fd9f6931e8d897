"""What writes files of the configuration for people, and reads those that they propose."""
