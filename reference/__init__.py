"""The decks' algorithms as plain trainers, twice: `reference.numpy` (gradients by hand) and `reference.torch`
(autograd).
"""
