"""
Lesson 55: compression by reconstruction (自编码器)
===================================================

An auto-encoder (自编码器) turns an image into a few numbers and rebuilds the image from
them. It needs no labels: the image itself is the target.

:Notes: none; an addition
:Needs: lessons 21, 37 and 38
:Run: ``python lessons/lesson55_autoencoder.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.utils.data import TensorDataset
from torchvision.transforms.v2 import functional as transforms

from utils import (
    MNIST_MEAN,
    MNIST_STD,
    batches,
    mnist,
    settings,
    show,
)

opt = settings(
    epochs=2,
    linear_epochs=5,
    batch_size=200,
    seeds=3,
    quick={"linear_epochs": 1, "seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# Images as rows
# --------------
# In this lesson an image is a row of 784 pixels from 0 (black) to 1 (white). ``mnist``
# gives normalised pixels, so ``rows`` undoes the normalisation.


def rows(dataset):
    pixels = dataset.tensors[0] * MNIST_STD + MNIST_MEAN
    return pixels.clamp(0, 1).flatten(1)  # [n, 1, 28, 28] => [n, 784]


train_set, test_set = mnist(opt.data, opt.device, opt.quick)
x_train, x_test = rows(train_set), rows(test_set)
y_test = test_set.tensors[1]
del train_set  # its normalised pixels are not needed any more
loader = batches(TensorDataset(x_train), opt.batch_size, shuffle=True)
print(x_test.shape[1], "pixels, from", x_test.min().item(), "to", x_test.max().item())
#: 784 pixels, from 0.0 to 1.0

# %%
# The error of a reconstruction
# -----------------------------
# The code (编码) of an image has k numbers, fewer than 784. The encoder (编码器)
# computes the code, and the decoder (解码器) computes the image from the code. The
# result is the reconstruction (重建). The error of an image is the sum of its squared
# differences:
#
# .. math:: E = \sum_i (\hat x_i - x_i)^2
#
# :math:`x_i` is a pixel of the image, and :math:`\hat x_i` is the same pixel of the
# reconstruction. The first reconstruction to compare with needs no code: every image
# becomes the mean image, which is the mean of all training images.


def error(reconstruction, x):
    """Mean over the images of the squared error, both [b, 784]."""
    return ((reconstruction - x) ** 2).sum(dim=1).mean()


mean = x_train.mean(dim=0)  # [784]
print(f"no code, every image becomes the mean image: {error(mean, x_test):.1f}")
#: no code, every image becomes the mean image: 52.9

# %%
# The best linear code
# --------------------
# A code is linear if each of its numbers is a weighted sum of the pixels. In the same
# way, each pixel of the reconstruction is a weighted sum of the code. Principal
# component analysis (主成分分析, PCA) finds the best linear code. It looks for the k
# directions in which the images differ most, the principal components (主成分).
#
# The covariance matrix (协方差矩阵) says for each pair of pixels how much they change
# together. An eigenvector (特征向量) of a matrix keeps its direction when the matrix
# multiplies it. The eigenvalue (特征值) is the factor by which its length changes. The
# principal components are the eigenvectors of the covariance matrix with the largest
# eigenvalues. No other linear code of k numbers has a smaller error on the images from
# which the components were computed.


def principal_components(x):
    """Directions [784, 784], a column each, and the variance along each [784]."""
    centred = (x - x.mean(dim=0)).cpu()
    covariance = centred.t() @ centred / len(x)  # [784, n] @ [n, 784] => [784, 784]
    variances, directions = torch.linalg.eigh(covariance)  # the smallest first
    return directions.flip(1).to(x.device), variances.flip(0)


def pca(x, k):
    """The reconstruction of x [b, 784] from a code of k numbers."""
    w = directions[:, :k]  # [784, k]
    code = (x - mean) @ w  # [b, 784] @ [784, k] => [b, k]
    return code @ w.t() + mean  # [b, k] @ [k, 784] => [b, 784]


# %%
# The eigenvalue of a direction is the variance of the images along it. On the training
# images, the error is exactly the variance along all directions that are left out.

directions, variances = principal_components(x_train)
left_out = variances[8:].sum().item()
train_error = error(pca(x_train, 8), x_train).item()
print(f"k = 8: error {train_error:.2f}, variance left out {left_out:.2f}")
#: k = 8: error 29.69, variance left out 29.69

# %%
# A library computes the same directions with the singular value decomposition
# (奇异值分解, SVD) of the centred images. A direction and its opposite are the same
# line, so the signs may differ. The comparison therefore takes the absolute value of
# each cosine. Both ways get the same 2000 images.

part = x_train[:2000].cpu()
by_hand = principal_components(part)[0][:, :8]  # [784, 8]
library = torch.linalg.svd(part - part.mean(dim=0), full_matrices=False).Vh[:8].t()
cosines = (by_hand * library).sum(dim=0).abs()  # [8], of the angles between them
pca_equal = torch.allclose(cosines, torch.ones(8), atol=1e-3)
print("by hand equal to the SVD:", pca_equal)
#: by hand equal to the SVD: True

# %%
# A linear auto-encoder
# ---------------------
# Two linear layers without an activation also make a linear code. Gradient descent on
# the error has to find their weights. The learning rate rises and falls (lesson 38).


def train(net, epochs, lr, noise=0.0):
    """Train the net to rebuild its input; with noise, to rebuild what was clean."""
    optimizer = optim.Adam(net.parameters(), lr=lr)
    steps = epochs * len(loader)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    for _ in range(epochs):
        for batch in loader:
            x = batch[0]  # [b, 784], and there are no labels
            noisy = x + noise * torch.randn_like(x)
            loss = error(net(noisy), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()


# %%
# ``test_error`` is the mean error over all test images.


def test_error(net):
    with torch.no_grad():
        return error(net(x_test), x_test).item()


# %%
# The decoder's weight [784, k] has k columns. Apart from its bias, each image that the
# decoder makes is a weighted sum of these columns, and lies in the space that they
# span. The QR decomposition (QR分解) gives orthogonal directions q of that space. A
# principal component has the length 1. It lies in the space if its projection (投影) on
# q has the length 1, too.


def projections(decoder, k):
    """The length of each of the first k components after projection, [k]."""
    q = torch.linalg.qr(decoder.weight.detach().cpu()).Q  # [784, k]
    return (q.t() @ directions[:, :k].cpu()).norm(dim=0)


# %%
# The learning rates 0.005, 0.01, 0.02, 0.03 and 0.04 were tried. 0.02 is used, since it
# has the smallest mean error over the seeds.

linear_errors, lengths = [], []
pca_error = error(pca(x_test, 8), x_test).item()
for seed in range(opt.seeds):
    torch.manual_seed(opt.seed + seed)
    net = nn.Sequential(nn.Linear(784, 8), nn.Linear(8, 784)).to(opt.device)
    train(net, opt.linear_epochs, lr=0.02)
    linear_errors.append(test_error(net))
    lengths.append(projections(net[1], 8).tolist())
    print(f"seed {seed}: error {linear_errors[-1]:.2f}, PCA {pca_error:.2f}")
    print("  lengths", [f"{length:.2f}" for length in lengths[-1]])
#: seed 0: error 29.39, PCA 29.35
#:   lengths ['1.00', '1.00', '1.00', '1.00', '1.00', '1.00', '1.00', '0.56']
#: seed 1: error 29.36, PCA 29.35
#:   lengths ['1.00', '1.00', '1.00', '1.00', '1.00', '1.00', '1.00', '0.76']
#: seed 2: error 29.40, PCA 29.35
#:   lengths ['1.00', '1.00', '1.00', '1.00', '1.00', '1.00', '1.00', '0.91']

# %%
# The linear auto-encoder reaches the error of PCA, within 1 % for each seed. It finds
# the space of the first seven components. The eighth direction is less certain, because
# the variance along component 8 is close to that along component 9. Both are printed
# below. A mixture of these two components changes the error only a little.
#
# The columns themselves are not the components. Gradient descent finds the space, and
# any set of directions in the same space has the same error. A column along the first
# component would have a cosine of 1 or -1 with it. No column has to be such a column.

column = net[1].weight.detach().cpu()  # [784, 8]
cosines = (directions[:, :1].cpu() * column).sum(dim=0) / column.norm(dim=0)  # [8]
print(f"largest cosine with the first component: {cosines.abs().max():.2f}")
#: largest cosine with the first component: 0.72
print("variance along components 7 to 10:", [f"{v:.2f}" for v in variances[6:10]])
#: variance along components 7 to 10: ['1.73', '1.52', '1.46', '1.24']

# %%
# A nonlinear code
# ----------------
# With an activation between the layers, the code is no longer a weighted sum of pixels.
# The images that the decoder can make now lie on a curved surface. A curved surface can
# be closer to the digits than a flat one. The layer that gives the code is called the
# bottleneck (瓶颈). It has no activation. The last sigmoid keeps the pixels between 0
# and 1.


def auto_encoder(k):
    encoder = nn.Sequential(
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, k),  # [b, 128] => [b, k], the code
    )
    decoder = nn.Sequential(
        nn.Linear(k, 128),
        nn.ReLU(),
        nn.Linear(128, 784),
        nn.Sigmoid(),
    )
    return nn.Sequential(encoder, decoder).to(opt.device)


# %%
# PCA is the best linear code, so it is the control. The learning rates 0.01, 0.03, 0.06
# and 0.1 were tried for each k. ``rates`` holds those with the smallest mean error over
# the seeds. Both codes are compared on the test images.

rates = {2: 0.03, 8: 0.06, 32: 0.03}
errors = {2: [], 8: [], 32: []}  # of each size of the code, one a seed
best_linear, nets = {}, {}
for k in errors:
    best_linear[k] = error(pca(x_test, k), x_test).item()
    for seed in range(opt.seeds):
        torch.manual_seed(opt.seed + seed)
        nets[k] = auto_encoder(k)
        train(nets[k], opt.epochs, rates[k])
        errors[k].append(test_error(nets[k]))
    listed = " ".join(f"{value:.2f}" for value in errors[k])
    print(f"k = {k}: error {listed}, PCA {best_linear[k]:.2f}")
#: k = 2: error 34.72 34.92 34.44, PCA 43.64
#: k = 8: error 16.58 16.80 16.62, PCA 29.35
#: k = 32: error 7.48 7.73 7.61, PCA 13.19

# %%
# At each size of the code, the auto-encoder has a smaller error than the best linear
# code.

# %%
# Drawn: eight test digits, and their reconstructions from codes of 2, 8 and 32 numbers.
# In each pair of rows, the upper one shows PCA and the lower one shows the
# auto-encoder.

pictures = {"test images": x_test[:8]}
for k, net in nets.items():
    pictures[f"PCA, k = {k}"] = pca(x_test[:8], k)
    pictures[f"auto-encoder, k = {k}"] = net(x_test[:8]).detach()
figure, axes = plt.subplots(7, 1, figsize=(6, 6.5))
for ax, (name, images) in zip(axes, pictures.items(), strict=True):
    row = images.view(-1, 28, 28).permute(1, 0, 2).flatten(1)  # => [28, 8 * 28]
    ax.imshow(row.cpu().numpy(), cmap="gray", vmin=0, vmax=1)
    ax.set_ylabel(name, rotation=0, ha="right", va="center")
    ax.set_xticks([])
    ax.set_yticks([])
show("reconstructions")

# %%
# Drawn: the test images as points, by their code of two numbers, for PCA (left) and the
# auto-encoder (right). Training used no label. The colours show the labels, which are
# added afterwards. A cluster (簇) is a group of points that lie close together. The
# auto-encoder's clusters of one digit are narrower, and some lie far from zero.

codes = {
    "PCA": (x_test - mean) @ directions[:, :2],  # [n, 2]
    "auto-encoder": nets[2][0](x_test).detach(),
}
figure, axes = plt.subplots(1, 2, figsize=(10, 4.5))
for ax, (name, code) in zip(axes, codes.items(), strict=True):
    code = code[:3000].cpu()
    labels = y_test[:3000].cpu()
    points = ax.scatter(code[:, 0], code[:, 1], c=labels, cmap="tab10", s=4)
    ax.set_title(name)
    ax.set_xlabel("first number of the code")
axes[0].set_ylabel("second number of the code")
figure.colorbar(points, ticks=range(10), label="digit")
show("code")

# %%
# Removing noise
# --------------
# A denoising auto-encoder (去噪自编码器) gets an image with noise, and its target is
# the image without noise. It has to learn what digits look like, so that it can remove
# the noise. The noise has a standard deviation of 0.5. The expected error of a noisy
# image is 784 × 0.5² = 196.
#
# There are two controls. A blur (模糊) replaces each pixel by a weighted mean of its
# neighbours. It uses no knowledge about digits. PCA keeps the first k components.

noise = 0.5
torch.manual_seed(opt.seed)
noisy_train = x_train[:2000] + noise * torch.randn_like(x_train[:2000])
noisy_test = x_test + noise * torch.randn_like(x_test)


def blur(x, width):
    """Gaussian blur, its standard deviation in pixels; x [b, 784]."""
    images = transforms.gaussian_blur(x.view(-1, 1, 28, 28), [9, 9], [width, width])
    return images.flatten(1)


# %%
# Each control uses the best of five settings. The best one is chosen on 2000 training
# images.

blur_errors = {}
for width in 0.5, 0.75, 1.0, 1.25, 1.5:
    blur_errors[width] = error(blur(noisy_train, width), x_train[:2000]).item()
pca_errors = {}
for k in 8, 16, 24, 32, 48:
    pca_errors[k] = error(pca(noisy_train, k), x_train[:2000]).item()
best_width = min(blur_errors, key=blur_errors.get)
best_k = min(pca_errors, key=pca_errors.get)
denoised = {
    "nothing done": [error(noisy_test, x_test).item()],
    f"blur of {best_width} pixels": [
        error(blur(noisy_test, best_width), x_test).item()
    ],
    f"PCA, k = {best_k}": [error(pca(noisy_test, best_k), x_test).item()],
}

# %%
# The auto-encoder has a code of 32 numbers. The learning rates 0.01, 0.03, 0.06 and 0.1
# were tried again, and 0.03 has the smallest mean error.

denoised["denoising auto-encoder"] = []
for seed in range(opt.seeds):
    torch.manual_seed(opt.seed + seed)
    denoiser = auto_encoder(32)
    train(denoiser, opt.epochs, lr=0.03, noise=noise)
    with torch.no_grad():
        clean = denoiser(noisy_test)
    denoised["denoising auto-encoder"].append(error(clean, x_test).item())
for name, values in denoised.items():
    print(f"{name}: {' '.join(f'{value:.1f}' for value in values)}")
#: nothing done: 196.0
#: blur of 1.25 pixels: 26.6
#: PCA, k = 32: 21.2
#: denoising auto-encoder: 14.8 14.8 14.7

# %%
# The denoising auto-encoder has the smallest error. The picture below shows what the
# others leave: the best blur leaves grey spots, and PCA leaves shadows of other digits.

# %%
# Drawn: eight test digits, the same digits with noise, and what each method makes of
# them.

pictures = {
    "test images": x_test[:8],
    "noisy": noisy_test[:8],
    "blur": blur(noisy_test[:8], best_width),
    "PCA": pca(noisy_test[:8], best_k),
    "auto-encoder": clean[:8],
}
figure, axes = plt.subplots(5, 1, figsize=(6, 4.6))
for ax, (name, images) in zip(axes, pictures.items(), strict=True):
    row = images.view(-1, 28, 28).permute(1, 0, 2).flatten(1)  # => [28, 8 * 28]
    ax.imshow(row.cpu().numpy(), cmap="gray", vmin=0, vmax=1)
    ax.set_ylabel(name, rotation=0, ha="right", va="center")
    ax.set_xticks([])
    ax.set_yticks([])
show("denoising")

# %%
# Random codes
# ------------
# The decoder turns any code into an image. Does it make new digits from random codes?
# Each number of a random code gets the mean and the standard deviation that it has for
# the training images. An image that looks like a training image has a small distance to
# the nearest one.

encoder, decoder = nets[32]
with torch.no_grad():
    codes = encoder(x_train)  # [n, 32]
    random_codes = codes.mean(dim=0) + codes.std(dim=0) * torch.randn_like(codes[:200])
    random_images = decoder(random_codes)
    rebuilt = decoder(encoder(x_test[:200]))
nearest = {}
for name, images in ("rebuilt", rebuilt), ("random codes", random_images):
    distances = torch.cdist(images, x_train) ** 2  # [200, n]
    nearest[name] = distances.amin(dim=1).mean().item()
    print(f"{name}: squared distance to the nearest {nearest[name]:.1f}")
#: rebuilt: squared distance to the nearest 15.1
#: random codes: squared distance to the nearest 30.8

# %%
# The images of random codes have about twice the squared distance of the
# reconstructions. So they look less like training images.

# %%
# Drawn: the images of 24 random codes. Most of them show strokes that form no digit.

picture = random_images[:24].view(2, 12, 28, 28).permute(0, 2, 1, 3).reshape(56, 336)
plt.figure(figsize=(9, 1.8))
plt.imshow(picture.cpu().numpy(), cmap="gray", vmin=0, vmax=1)
plt.axis("off")
show("random_codes")

# %%
# The decoder was trained only on the codes of real images. The space of codes has large
# gaps between these codes, and the decoder has learned nothing about the gaps. Lesson
# 56 closes the gaps. It makes the code a distribution, and KL keeps this distribution
# near one from which random codes can be drawn.

# %%
# Try it
# ------
# ``python check.py 55`` checks the function that is named here.
#
# - Predict the training error of PCA with k = 784.
# - Change the noise to 1, and add the widths 2 and 2.5. Which blur is best now, and
#   which k of PCA?
# - Build ``pca_reconstruction``, which compresses rows by PCA and rebuilds them.
