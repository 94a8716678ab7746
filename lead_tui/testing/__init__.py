"""What users test their flows and plugins with; our own tests use nothing else."""
