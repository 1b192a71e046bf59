"""What numbers of the command line can be: beyond, a command would not end, or not begin."""

MOST = 10**9
"""of what is counted, where nothing smaller bounds it"""
MOST_AT_ONCE = 2**16
"""crops or samples that are held in memory together"""
MOST_THREADS = 1024
MOST_EPOCHS = 100_000
MOST_JOINTS = 1000
MOST_PICTURES = 999_999
"""that are generated: their names have six digits"""
LONGEST = 10**8
"""seconds, which are three years"""
