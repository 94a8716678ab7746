"""Cannot work, says why, and ends."""

import sys

print("no licence was found", file=sys.stderr)
print("password=hunter2-in-the-log", file=sys.stderr)
sys.exit(3)
