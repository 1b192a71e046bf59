"""Pure functions from judged cells to text: nothing here measures or decides."""
