"""The stages that ask a model: difficulty, synthesis, self-labelling, and the admission control before them."""
