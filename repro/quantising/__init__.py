"""Networks in whole numbers of 8 bits: made from exported files, and held against them."""
