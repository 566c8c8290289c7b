"""Many runs: the same question asked of every variant and every seed, on all cores or on a cluster."""
