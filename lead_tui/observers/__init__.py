"""Who looks on: the hub that feeds observers without waiting for them, metrics, the structured log."""
