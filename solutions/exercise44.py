"""
Exercises of lesson 44: data augmentation

``python check.py 44`` checks them whenever you save this file.
"""

import torch
from torch.nn import functional as F

from solutions import exercise


@exercise(
    "Pad all images by ``most`` on all four sides with ``F.pad``. A shift is then a "
    "crop of the old size at another place.",
    "There are 2 * most + 1 places for the top of a crop, and as many for its left "
    "side; ``randint`` leaves its upper end out. Draw both for each image.",
)
def random_shifts(images, most, fill):
    """
    Each image moved by a random number of whole pixels of its own, in both directions.

    Rows and columns are drawn independently, from -most to most, each equally likely.
    What comes in from outside has the value ``fill``.

    :param images: [b, c, h, w]; they stay as they are
    :param most: the largest shift, an int
    :param fill: a float, such as ``BLACK`` of the lesson
    :returns: [b, c, h, w]
    """
    b, _, h, w = images.shape
    padded = F.pad(images, [most] * 4, value=fill)  # [b, c, h + 2 * most, ...]
    shifted = torch.empty_like(images)
    for k in range(b):
        i, j = torch.randint(2 * most + 1, [2]).tolist()
        shifted[k] = padded[k, :, i : i + h, j : j + w]
    return shifted


def all_shifts(image):
    """[25, h, w]: an image [h, w] moved by -2 to 2 rows and columns, -1 outside."""
    h, w = image.shape
    padded = F.pad(image, [2] * 4, value=-1.0)
    places = [(i, j) for i in range(5) for j in range(5)]
    return torch.stack([padded[4 - i :][:h, 4 - j :][:, :w] for i, j in places])


@random_shifts.must
def each_image_has_its_own_shift(random_shifts):
    image = torch.arange(1.0, 31).view(5, 6)
    images = image.expand(400, 2, 5, 6).clone()
    moved = random_shifts(images, 2, -1.0)
    assert moved.shape == images.shape, f"[400, 2, 5, 6] became {list(moved.shape)}."
    assert torch.equal(images, image.expand(400, 2, 5, 6)), (
        "The images that were given are changed: the next epoch would shift them again."
    )
    ones = torch.stack([sum(moved[:, 0] == n).sum() for n in image.flatten()])
    assert not (ones == 400).all() or torch.equal(moved, images), (
        "What leaves on one side comes back on the other: ``roll`` goes in a circle."
    )
    assert not (moved == 0).any(), (
        "Zeros come in from outside. In normalised images 0 is a grey, not black."
    )
    same = (moved[:, :1] == all_shifts(image)).flatten(2).all(dim=2)  # [400, 25]
    assert same.any(dim=1).all(), "An image is no shift by at most 2, with -1 outside."
    assert torch.equal(moved[:, 0], moved[:, 1]), "Its channels move apart."
    counts = same.sum(dim=0).view(5, 5)  # how often each shift occurs
    assert counts.max() < 400, "All images of the batch move alike: each needs a draw."
    assert counts.sum() > counts.diagonal().sum(), (
        "Rows and columns move by the same number: draw two for each image."
    )
    edges = counts[0], counts[4], counts[:, 0], counts[:, 4]
    assert all(edge.any() for edge in edges), (
        "No image moves by ``most`` to one of the sides. ``randint`` leaves its upper "
        "end out."
    )
    assert (counts > 0).all(), f"How often each shift occurs:\n{counts.tolist()}"


@random_shifts.mistake
def alike(images, most, fill):
    """All images of the batch move alike: each needs a draw."""
    h, w = images.shape[2:]
    i, j = torch.randint(2 * most + 1, [2]).tolist()
    return F.pad(images, [most] * 4, value=fill)[:, :, i : i + h, j : j + w]


@random_shifts.mistake
def in_a_circle(images, most, fill):
    """What leaves on one side comes back on the other: ``roll`` goes in a circle."""
    shifts = torch.randint(-most, most + 1, [len(images), 2]).tolist()
    rolled = [images[k].roll(shifts[k], dims=(1, 2)) for k in range(len(images))]
    return torch.stack(rolled)


def cropped(images, corners, most, fill):
    """The crop of each padded image at its corner."""
    h, w = images.shape[2:]
    padded, out = F.pad(images, [most] * 4, value=fill), []
    for image, (i, j) in zip(padded, corners.tolist(), strict=True):
        out.append(image[:, i : i + h, j : j + w])
    return torch.stack(out)


@random_shifts.mistake
def upper_end_left_out(images, most, fill):
    """
    No image moves by ``most`` to one of the sides. ``randint`` leaves its upper end
    out.
    """
    corners = most - torch.randint(-most, most, [len(images), 2])
    return cropped(images, corners, most, fill)


@random_shifts.mistake
def along_the_diagonal(images, most, fill):
    """
    Rows and columns move by the same number: draw two for each image.
    """
    corners = torch.randint(2 * most + 1, [len(images), 1]).expand(-1, 2)
    return cropped(images, corners, most, fill)


@random_shifts.mistake
def written_into_the_batch(images, most, fill):
    """
    The images that were given are changed: the next epoch would shift them again.
    """
    corners = torch.randint(2 * most + 1, [len(images), 2])
    return images.copy_(cropped(images, corners, most, fill))


@random_shifts.mistake
def zeros_outside(images, most, fill):
    """Zeros come in from outside. In normalised images 0 is a grey, not black."""
    return random_shifts(images, most, 0.0)
