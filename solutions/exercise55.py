"""
Exercises of lesson 55: compression by reconstruction

``python check.py 55`` checks them whenever you save this file.
"""

import torch

from solutions import exercise, random_int


@exercise(
    "The directions belong to the centred rows. The SVD of these rows has them as the "
    "rows of Vh, the most important first.",
    "With the k directions as the columns of w, the code is the centred rows times w. "
    "Multiply it by the transposed w, and think of the mean.",
)
def pca_reconstruction(x, k):
    """
    Compress each row to k numbers by PCA, and rebuild it from them.

    :param x: the rows, [n, d]
    :param k: how many principal components are kept, fewer than d
    :returns: the reconstruction, [n, d]
    """
    mean = x.mean(dim=0)
    w = torch.linalg.svd(x - mean, full_matrices=False).Vh[:k].t()  # [d, k]
    return (x - mean) @ w @ w.t() + mean


@pca_reconstruction.inputs
def pca_reconstruction_inputs():
    d = random_int(2, 4)
    x = torch.randn(random_int(d + 2, 8), d) @ torch.randn(d, d)
    return x + torch.randint(-5, 6, (d,)), random_int(1, d - 1)


@pca_reconstruction.must
def pca_lowrank_gives_the_same(pca_reconstruction):
    x = torch.randn(50, 4) * torch.tensor([4.0, 3.0, 2.0, 1.0]) + 10
    directions = torch.pca_lowrank(x, q=4)[2]  # [d, d], a column each
    for k in 1, 2, 3:
        rebuilt = pca_reconstruction(x, k)
        w = directions[:, :k]
        expected = (x - x.mean(dim=0)) @ w @ w.t() + x.mean(dim=0)
        assert torch.allclose(rebuilt, expected, atol=1e-3), (
            f"The directions of torch.pca_lowrank give other rows for k = {k}."
        )
        error = ((rebuilt - x) ** 2).sum(dim=1).mean()
        variances = torch.linalg.eigvalsh(torch.cov(x.t(), correction=0))
        left_out = variances[: 4 - k].sum()  # the smallest come first
        assert torch.isclose(error, left_out, rtol=1e-3), (
            f"The error {error:.3f} is not the variance left out, {left_out:.3f}."
        )


@pca_reconstruction.mistake
def mean_not_subtracted(x, k):
    """
    The mean was not subtracted. The first direction then points from zero to the mean,
    not where the rows differ most.
    """
    w = torch.linalg.svd(x, full_matrices=False).Vh[:k].t()
    return x @ w @ w.t()


@pca_reconstruction.mistake
def mean_not_added(x, k):
    """The mean of the reconstruction is 0. The mean of x has to be added again."""
    mean = x.mean(dim=0)
    return pca_reconstruction(x, k) - mean


@pca_reconstruction.mistake
def smallest_variances(x, k):
    """
    ``eigh`` begins with the smallest eigenvalue. These are the directions in which the
    rows differ least.
    """
    mean = x.mean(dim=0)
    w = torch.linalg.eigh(torch.cov(x.t())).eigenvectors[:, :k]
    return (x - mean) @ w @ w.t() + mean


@pca_reconstruction.mistake
def columns_of_vh(x, k):
    """Vh is transposed already: its rows are the directions, not its columns."""
    mean = x.mean(dim=0)
    w = torch.linalg.svd(x - mean, full_matrices=False).Vh[:, :k]
    return (x - mean) @ w @ w.t() + mean
