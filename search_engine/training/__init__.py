"""Training of one network: recipe, trainer, checkpoints, augmentation, threads."""
