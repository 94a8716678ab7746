"""Front ends without a screen: observers that write a run to a stream or a file."""
