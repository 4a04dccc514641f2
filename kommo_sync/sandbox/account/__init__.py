"""What the account holds, and the one way it changes."""
