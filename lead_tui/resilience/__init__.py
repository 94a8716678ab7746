"""What stands round one call: rate limit, breaker, retry budget, and the decision to try again."""
