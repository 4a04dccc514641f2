"""What is known and what follows from it: values in, values out."""
