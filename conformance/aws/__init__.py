"""AWS's own clients against the control plane. One file for each family of operations."""
