"""What the scripts in `training/` share: the data, the reward with its log, the arithmetic of a step, the record."""
