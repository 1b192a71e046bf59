"""What is printed: studies, tables, numbers, conventions, protocols and recipes. No torch."""
