"""DiffAugment (section 3)."""

import torch

from draws import AUGMENT, Draws

BRIGHTNESS, SATURATION, CONTRAST, TRANSLATION_Y, TRANSLATION_X, CUTOUT_Y, CUTOUT_X = range(7)  # lanes


def color(x, brightness, saturation, contrast):
    """Each argument [N], uniform in [0, 1); all 0.5 is the identity."""
    brightness, saturation, contrast = (u.view(-1, 1, 1, 1) for u in (brightness, saturation, contrast))
    x = x + (brightness - 0.5)
    mean = x.mean(1, keepdim=True)
    x = (x - mean) * (2 * saturation) + mean
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * (contrast + 0.5) + mean


def translated(image, down, right):
    """out[i, j] = image[i + down, j + right] inside, 0 outside. image [3, H, W]."""
    height, width = image.shape[1:]
    rows, columns = torch.arange(height) + down, torch.arange(width) + right
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))[None, :]
    moved = image[:, rows.clamp(0, height - 1)][:, :, columns.clamp(0, width - 1)]
    return moved * inside


def cut_out(image, centre_y, centre_x, height, width):
    rows, columns = torch.arange(image.shape[1]), torch.arange(image.shape[2])
    top, left = centre_y - height // 2, centre_x - width // 2
    hole = ((rows >= top) & (rows < top + height))[:, None] & ((columns >= left) & (columns < left + width))[None, :]
    return image * ~hole


def share(ratio, size):
    return int(ratio * size + 0.5)


def diff_augment(x, policy, seed, site, step):
    """Sample i of the batch draws with (seed, site, step, i, lane)."""
    draws, samples = Draws(seed, AUGMENT + site), range(x.shape[0])
    height, width = x.shape[2:]
    for operation in policy:
        if operation == "color":
            uniform = lambda lane: torch.tensor([draws.uniform(step, i, lane) for i in samples])
            x = color(x, uniform(BRIGHTNESS), uniform(SATURATION), uniform(CONTRAST))
        elif operation == "translation":
            reach_y, reach_x = share(0.125, height), share(0.125, width)
            shift = lambda i, lane, reach: draws.index(2 * reach + 1, step, i, lane) - reach
            x = torch.stack(
                [translated(x[i], shift(i, TRANSLATION_Y, reach_y), shift(i, TRANSLATION_X, reach_x)) for i in samples]
            )
        else:
            assert operation == "cutout"
            h, w = share(0.5, height), share(0.5, width)
            centre_y = lambda i: draws.index(height - h % 2 + 1, step, i, CUTOUT_Y)
            centre_x = lambda i: draws.index(width - w % 2 + 1, step, i, CUTOUT_X)
            x = torch.stack([cut_out(x[i], centre_y(i), centre_x(i), h, w) for i in samples])
    return x
