"""The pool of past fakes (section 1.5)."""

import torch

from draws import Draws


class ImagePool:
    def __init__(self, capacity, seed, purpose):
        self.capacity, self.draws, self.images = capacity, Draws(seed, purpose), []

    def query(self, fakes, step):
        if self.capacity == 0:
            return fakes
        shown = []
        for sample, fake in enumerate(fakes):
            if len(self.images) < self.capacity:
                self.images.append(fake)
            elif self.draws.uniform(step, sample) > 0.5:
                slot = self.draws.index(self.capacity, step, sample)
                fake, self.images[slot] = self.images[slot], fake
            shown.append(fake)
        return torch.stack(shown)
