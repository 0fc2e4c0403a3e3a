"""
Lesson 56: a code that is a distribution (变分自编码器)
=======================================================

A variational auto-encoder gives each image a distribution of codes in place of one
code. KL of lesson 54 keeps these distributions near one known distribution, from which
new codes are drawn.

:Notes: none; an addition
:Needs: lessons 38, 54 and 55
:Run: ``python lessons/lesson56_vae.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.distributions import MultivariateNormal, Normal, kl_divergence
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from utils import (
    MNIST_MEAN,
    MNIST_STD,
    batches,
    evaluate,
    mnist,
    settings,
    show,
)

opt = settings(
    epochs=2,
    batch_size=200,
    lr=0.03,
    seeds=3,
    samples=2000,
    quick={"seeds": 1, "samples": 100},
)
torch.manual_seed(opt.seed)

# %%
# A distribution of codes
# -----------------------
# The random codes of lesson 55 lie between the codes that its decoder knows. A
# variational auto-encoder (变分自编码器, VAE) fills these gaps in two steps. First, its
# encoder gives two numbers for each number of the code: the mean μ and the standard
# deviation σ of a Gaussian N(μ, σ). The code z is drawn from this Gaussian. The codes
# of one image form a cloud around μ, and the decoder learns to decode all of them.
#
# Second, a penalty keeps the Gaussians of all images near the same distribution, the
# standard normal distribution N(0, 1). This distribution is called the prior
# (先验分布), because it is chosen before any image is seen.

# %%
# The penalty is KL
# -----------------
# Lesson 54 has a formula for KL of two Gaussians. If the second Gaussian is N(0, 1),
# the formula becomes
#
# .. math:: KL\big(N(\mu, \sigma), N(0, 1)\big)
#    = \tfrac12 (\mu^2 + \sigma^2 - 1) - \log \sigma
#
# σ has to be positive, but an output of a network may have any sign. The network
# therefore gives log σ², which may have any sign, too.


def kl_from_prior(mu, log_variance):
    """KL of N(mu, sigma) from N(0, 1) for each number of the code."""
    return 0.5 * (mu**2 + log_variance.exp() - 1 - log_variance)


mu, log_variance = torch.randn(3, 5), torch.randn(3, 5)
sigma = (log_variance / 2).exp()
library = kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0))
kl_equal = torch.allclose(kl_from_prior(mu, log_variance), library, atol=1e-5)
print("by hand equal to torch.distributions:", kl_equal)
#: by hand equal to torch.distributions: True

# %%
# What should be large
# --------------------
# Why is KL the penalty, and what has it to do with images? The aim is a model that
# makes images like the training images. It draws a code z from the prior p(z). Then the
# decoder gives :math:`p(x \mid z)`, the probability of the image x if the code is z.
# Many codes can lead to the same image. So the probability of x is a sum over codes:
#
# .. math:: p(x) = \sum_z p(z) \, p(x \mid z)
#
# A good model gives the training images a large p(x), and therefore a large log p(x).
#
# The smallest example has two codes, 0 and 1, and an image of one pixel, which is white
# or black. Both codes have the prior ½. The decoder makes a white pixel from code 0
# with probability 0.1, and from code 1 with probability 0.8. The image x is a white
# pixel.

prior = torch.tensor([0.5, 0.5])  # p(z) of the codes 0 and 1
white = torch.tensor([0.1, 0.8])  # p(x | z) of a white pixel
p_x = (prior * white).sum()
log_p_x = p_x.log().item()
print(f"p(x) = 0.5 * 0.1 + 0.5 * 0.8 = {p_x:.3f}, log p(x) = {log_p_x:.3f}")
#: p(x) = 0.5 * 0.1 + 0.5 * 0.8 = 0.450, log p(x) = -0.799

# %%
# Which codes belong to x
# -----------------------
# Here the sum has two terms. A code of ten numbers has infinitely many values, and the
# sum becomes an integral that is too expensive. But almost all codes add almost nothing
# to p(x). Only a few codes belong to this image. The share of a code in the sum is its
# probability after x has been seen. It is called the posterior (后验分布):
#
# .. math:: p(z \mid x) = \frac{p(z) \, p(x \mid z)}{p(x)}

posterior = prior * white / p_x
print(f"posterior of code 0: {posterior[0]:.3f}, of code 1: {posterior[1]:.3f}")
#: posterior of code 0: 0.111, of code 1: 0.889

# %%
# The white pixel was probably made from code 1.
#
# The posterior cannot be computed for a large code, since p(x) is in it. So the encoder
# guesses. It gives a distribution q(z) of codes for this x. The next cell shows what is
# gained by any such guess.

# %%
# A lower bound of log p(x)
# -------------------------
# The definition of the posterior is solved for p(x). It holds for each code z:
#
# .. math:: p(x) = \frac{p(x \mid z) \, p(z)}{p(z \mid x)}
#
# The logarithm turns products into sums:
#
# .. math:: \log p(x) = \log p(x \mid z) + \log p(z) - \log p(z \mid x)
#
# Now log q(z) is subtracted and added again, which changes nothing:
#
# .. math:: \log p(x) = \log p(x \mid z)
#    - \log \frac{q(z)}{p(z)} + \log \frac{q(z)}{p(z \mid x)}
#
# Take the mean over codes z that are drawn from q. The left side has no z, so it stays
# as it is. The mean of log q(z)/p(z) is KL of q from the prior (lesson 54). The mean of
# the last logarithm is KL of q from the posterior:
#
# .. math:: \log p(x) = E_{z \sim q}[\log p(x \mid z)] - KL(q, p(z))
#    + KL\big(q, p(z \mid x)\big)
#
# :math:`E_{z \sim q}` is the sign for this mean. A KL is never negative. Without the
# last one, the right side can only become smaller:
#
# .. math:: \log p(x) \ge E_{z \sim q}[\log p(x \mid z)] - KL(q, p(z))
#
# The right side is the evidence lower bound (证据下界, ELBO). Its first term is the
# reconstruction: it is large if x is probable with the codes that q gives. The ELBO can
# be computed, because the posterior is not in it.

# %%
# The code tries three distributions q for the white pixel. The third is the posterior.


def kl(p, q):
    """KL of lesson 54, of two vectors of probabilities."""
    return (p * (p / q).log()).sum()


bounds = []  # a row for each q
for q in torch.tensor([0.5, 0.5]), torch.tensor([0.3, 0.7]), posterior:
    reconstruction = (q * white.log()).sum()  # the mean of log p(x | z)
    elbo = reconstruction - kl(q, prior)
    gap = kl(q, posterior)
    bounds.append({"elbo": elbo.item(), "gap": gap.item()})
    print(f"q {q[0]:.2f} {q[1]:.2f}: {reconstruction:.3f} - KL", end=" ")
    print(f"{kl(q, prior):.3f} = ELBO {elbo:.3f}, + {gap:.3f} = {elbo + gap:.3f}")
#: q 0.50 0.50: -1.263 - KL 0.000 = ELBO -1.263, + 0.464 = -0.799
#: q 0.30 0.70: -0.847 - KL 0.082 = ELBO -0.929, + 0.131 = -0.799
#: q 0.11 0.89: -0.454 - KL 0.344 = ELBO -0.799, + 0.000 = -0.799

# %%
# The sum of the ELBO and the last KL is log p(x) for every q, -0.799. The ELBO alone is
# smaller, except for the posterior, where it is equal to log p(x). So a larger ELBO
# means a better guess of the encoder, or a larger p(x), or both. Training makes the
# ELBO as large as it can.

# %%
# The same with Gaussians
# -----------------------
# With codes that are numbers, integrals replace the sums, and each step stays the same.
# One case has a formula for every term: z is drawn from N(0, 1), and x is drawn from
# N(z, 1). The variance of x is then 1 + 1 = 2, and the posterior is N(x/2, √½).

x = torch.tensor(1.5)
log_p = Normal(0.0, math.sqrt(2)).log_prob(x).item()
gaussian_posterior = Normal(x / 2, math.sqrt(0.5))
elbo_errors = []
for q in Normal(0.0, 1.0), Normal(1.0, 0.5), gaussian_posterior:
    expected = Normal(q.mean, 1.0).log_prob(x) - q.variance / 2  # E[log p(x | z)]
    elbo = expected - kl_divergence(q, Normal(0.0, 1.0))
    gap = kl_divergence(q, gaussian_posterior)
    elbo_errors.append((elbo + gap - log_p).abs().item())
    print(f"ELBO {elbo:.3f} + KL {gap:.3f} = {elbo + gap:.3f}, log p(x) {log_p:.3f}")
#: ELBO -2.544 + KL 0.716 = -1.828, log p(x) -1.828
#: ELBO -1.987 + KL 0.159 = -1.828, log p(x) -1.828
#: ELBO -1.828 + KL 0.000 = -1.828, log p(x) -1.828

# %%
# Gradients and random numbers
# ----------------------------
# The decoder's loss has to tell the encoder how to change μ and σ. But ``sample`` draws
# a number through which no gradient passes. The reparameterisation trick (重参数化技巧)
# draws ε from N(0, 1) and computes z = μ + σε. ε needs no gradient. z is now a sum and
# a product, so gradients reach μ and σ. ``rsample`` draws in this way.

mu = torch.tensor(0.7, requires_grad=True)
sigma = torch.tensor(0.3, requires_grad=True)
sample_passes = Normal(mu, sigma).sample().requires_grad
rsample_passes = Normal(mu, sigma).rsample().requires_grad
print(f"a gradient passes sample: {sample_passes}, rsample: {rsample_passes}")
#: a gradient passes sample: False, rsample: True
epsilon = torch.randn([])
z = mu + sigma * epsilon
dz_dmu = torch.autograd.grad(z, mu, retain_graph=True)[0]
dz_dsigma = torch.autograd.grad(z, sigma)[0]
print(f"by hand: dz/dmu = {dz_dmu:.0f}", end=", ")
#: by hand: dz/dmu = 1,
print("dz/dsigma equal to epsilon:", torch.equal(dz_dsigma, epsilon))
#: dz/dsigma equal to epsilon: True

# %%
# This gradient is right on average. The mean of z² is μ² + σ². Its derivative is 2μ
# with respect to μ, and 2σ with respect to σ. The mean over a million draws is close to
# both.

epsilon = torch.randn(1_000_000)
mean_square = ((mu + sigma * epsilon) ** 2).mean()
slope_mu = torch.autograd.grad(mean_square, mu, retain_graph=True)[0].item()
slope_sigma = torch.autograd.grad(mean_square, sigma)[0].item()
print(f"for mu {slope_mu:.2f}, formula {2 * mu.item():.2f}")
#: for mu 1.40, formula 1.40
print(f"for sigma {slope_sigma:.2f}, formula {2 * sigma.item():.2f}")
#: for sigma 0.60, formula 0.60

# %%
# The network
# -----------
# The layers are those of lesson 55, with two changes. The encoder's last layer gives 2k
# numbers: k means and k logarithms of variances. The decoder gives logits of the
# pixels.


class VAE(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.hidden = nn.Linear(784, 128)
        self.mu_and_log_variance = nn.Linear(128, 2 * k)
        self.decoder = nn.Sequential(nn.Linear(k, 128), nn.ReLU(), nn.Linear(128, 784))

    def encode(self, x):
        """The mean and the logarithm of the variance of each number of the code."""
        h = self.hidden(x).relu()  # [b, 784] => [b, 128]
        return self.mu_and_log_variance(h).chunk(2, dim=1)  # => [b, k] and [b, k]

    def decode(self, z):
        return self.decoder(z).sigmoid()  # [b, k] => [b, 784], pixels


# %%
# The loss is minus the ELBO. A pixel between 0 and 1 is treated as the probability of
# white. Then :math:`\log p(x \mid z)` is minus the cross entropy of the two classes
# white and black, summed over the pixels. This is called binary cross entropy
# (二元交叉熵, lesson 24). KL gets a factor β. The VAE has β = 1. The control has β = 0,
# so it has no KL, and it draws no random numbers. It is a plain auto-encoder with the
# same layers.


def loss_terms(net, x, beta):
    """Reconstruction and KL, each the mean over the images, in nats."""
    mu, log_variance = net.encode(x)
    z = mu
    if beta > 0:
        z = mu + (log_variance / 2).exp() * torch.randn_like(mu)
    logits = net.decoder(z)  # [b, k] => [b, 784]
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return bce / len(x), kl_from_prior(mu, log_variance).sum(dim=1).mean()


# %%
# The learning rate rises and falls, as in lesson 55.


def train(k, beta, seed):
    torch.manual_seed(opt.seed + seed)
    net = VAE(k).to(opt.device)
    steps = opt.epochs * len(loader)
    optimizer = optim.Adam(net.parameters())
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, opt.lr, total_steps=steps)
    for _ in range(opt.epochs):
        for x, _ in loader:
            reconstruction, kl = loss_terms(net, x, beta)
            loss = reconstruction + beta * kl
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
    return net


# %%
# A judge
# -------
# The CNN of lesson 38, trained for one epoch, judges the new images. An image counts as
# a digit if the CNN gives one class a probability above 0.9.


def rows(dataset):
    """Pixels from 0 to 1, as in lesson 55."""
    pixels = dataset.tensors[0] * MNIST_STD + MNIST_MEAN
    return pixels.clamp(0, 1).flatten(1)  # [n, 1, 28, 28] => [n, 784]


train_set, test_set = mnist(opt.data, opt.device, opt.quick)
x_train, x_test = rows(train_set), rows(test_set)
row_set = TensorDataset(x_train, train_set.tensors[1])
loader = batches(row_set, opt.batch_size, shuffle=True)

# %%
# The judge has the layers of lesson 38.

judge = nn.Sequential(
    nn.Conv2d(1, 16, 5, stride=2, padding=2),  # [b, 1, 28, 28] => [b, 16, 14, 14]
    nn.ReLU(),
    nn.Conv2d(16, 32, 3, stride=2, padding=1),  # => [b, 32, 7, 7]
    nn.ReLU(),
    nn.Flatten(),  # => [b, 1568]
    nn.Linear(32 * 7 * 7, 10),  # => [b, 10]
).to(opt.device)
judge_loader = batches(train_set, 100, shuffle=True)
steps = len(judge_loader)
optimizer = optim.Adam(judge.parameters())
scheduler = optim.lr_scheduler.OneCycleLR(optimizer, 0.006, total_steps=steps)

# %%
# The judge is trained for one epoch and tested on the test images.

for x, y in judge_loader:
    loss = F.cross_entropy(judge(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
judge_accuracy = evaluate(judge, batches(test_set, 1000))[1]
print(f"test accuracy of the judge: {judge_accuracy:.3f}")
#: test accuracy of the judge: 0.984

# %%
# The judge knows ten classes and no class for everything else. So it may be sure of an
# image that is no digit. Three controls show how often that happens.


@torch.no_grad()
def judged(images):
    """Share of digits among images [n, 784], and how many of the classes occur."""
    normalised = (images.view(-1, 1, 28, 28) - MNIST_MEAN) / MNIST_STD
    largest = judge(normalised).softmax(dim=1).max(dim=1)  # values and classes, [n]
    sure = largest.values > 0.9
    counts = torch.bincount(largest.indices[sure], minlength=10)
    classes = (counts >= 0.01 * len(images)).sum().item()
    return sure.float().mean().item(), classes


# %%
# The first row of the table has real images. The other three rows are the controls.

real = x_test[: opt.samples]
controls = {
    "test images": real,
    "two test images overlaid": (real + real.flip(0)) / 2,
    "the same pixels, shuffled": real[:, torch.randperm(784)],
    "random pixels": torch.rand_like(real),
}
shares = {}
for name, images in controls.items():
    shares[name] = judged(images)[0]
    print(f"{name}: {shares[name]:.2f}")
#: test images: 0.92
#: two test images overlaid: 0.31
#: the same pixels, shuffled: 0.00
#: random pixels: 0.01

# %%
# The judge takes 31 % of the images of two overlaid digits for digits. It takes 1 % of
# the images of random pixels for digits, and 35 % with ``--seed 10``. A single share
# therefore says little, and only a comparison of shares is meaningful.

# %%
# New digits
# ----------
# Both networks have codes of 10 numbers. The VAE decodes samples of the prior. The
# codes of the plain auto-encoder have no prior, so it gets two kinds of random codes.
# The first kind is drawn from N(0, 1), too. The second kind is drawn from the Gaussian
# that has the mean and the covariance matrix of the network's own training codes. The
# second kind is the fair control.


def prior_samples(net, k):
    z = torch.randn(opt.samples, k, device=opt.device)
    return net.decode(z).detach()


def fitted_samples(net):
    codes = net.encode(x_train)[0].detach().cpu()  # [n, k]
    gaussian = MultivariateNormal(codes.mean(dim=0), codes.t().cov())
    z = gaussian.sample((opt.samples,)).to(opt.device)
    return net.decode(z).detach()


# %%
# Both networks are trained with each seed, with the learning rate 0.03. The rates
# 0.003, 0.01 and 0.1 were tried, too, with three seeds each. With 0.03 both networks
# make the most digits. The order of the three is the same at each rate.

results = {"auto-encoder, N(0, 1)": [], "auto-encoder, fitted": [], "VAE, N(0, 1)": []}
vaes = []
for seed in range(opt.seeds):
    plain = train(k=10, beta=0, seed=seed)
    results["auto-encoder, N(0, 1)"].append(judged(prior_samples(plain, 10)))
    results["auto-encoder, fitted"].append(judged(fitted_samples(plain)))
    vaes.append(train(k=10, beta=1, seed=seed))
    results["VAE, N(0, 1)"].append(judged(prior_samples(vaes[seed], 10)))
for name, values in results.items():
    listed = [f"{share:.2f} ({classes} classes)" for share, classes in values]
    print(f"{name}: {', '.join(listed)}")
#: auto-encoder, N(0, 1): 0.02 (1 classes), 0.02 (0 classes), 0.01 (0 classes)
#: auto-encoder, fitted: 0.41 (10 classes), 0.46 (10 classes), 0.42 (10 classes)
#: VAE, N(0, 1): 0.30 (10 classes), 0.33 (10 classes), 0.32 (10 classes)

# %%
# With codes from N(0, 1), the VAE makes several times as many digits as the plain
# auto-encoder. KL has moved the VAE's codes to the region from which random codes are
# drawn.
#
# But the fair control is better than the VAE. A Gaussian that is fitted to the codes of
# the plain auto-encoder gives more digits. A likely reason is that the clouds of
# several images overlap in the VAE. A code in the overlap is decoded to a mean of these
# images. So the VAE does not make more convincing digits here. It has two other
# advantages. It needs no second step after training. Its loss is a bound on log p(x),
# so models can be compared by it.

# %%
# Drawn: the images that are decoded from 24 random codes of each kind.

pictures = {
    "auto-encoder, codes from N(0, 1)": prior_samples(plain, 10),
    "auto-encoder, codes from the fitted Gaussian": fitted_samples(plain),
    "VAE, codes from N(0, 1)": prior_samples(vaes[-1], 10),
}
figure, axes = plt.subplots(3, 1, figsize=(8, 5))
for ax, (name, images) in zip(axes, pictures.items(), strict=True):
    picture = images[:24].view(2, 12, 28, 28).permute(0, 2, 1, 3).reshape(56, 336)
    ax.imshow(picture.cpu().numpy(), cmap="gray", vmin=0, vmax=1)
    ax.set_title(name)
    ax.axis("off")
show("samples")

# %%
# How much KL
# -----------
# β decides how much weight KL has beside the reconstruction. The table shows both terms
# in nats, as the mean over the test images. A number of the code counts as used if its
# KL is above 0.1 nats. The spread is the standard deviation of a pixel over random
# images, as the mean over the pixels. It is zero if all images are the same.


def measure(net, beta):
    with torch.no_grad():
        reconstruction, kl = loss_terms(net, x_test, beta)
        mu, log_variance = net.encode(x_test)
    kl_each = kl_from_prior(mu, log_variance).mean(dim=0)  # [k]
    images = prior_samples(net, 10)
    return {
        "reconstruction": reconstruction.item(),
        "KL": kl.item(),
        "used": (kl_each > 0.1).sum().item(),
        "share of digits": judged(images)[0],
        "spread": images.std(dim=0).mean().item(),
    }


# %%
# Each row of the table has one value for each seed.

table = {}
for beta in 0.1, 1, 30:
    table[beta] = []
    for seed in range(opt.seeds):
        net = vaes[seed] if beta == 1 else train(k=10, beta=beta, seed=seed)
        table[beta].append(measure(net, beta))
    print(f"beta {beta}:")
    for name in table[beta][0]:
        values = [row[name] for row in table[beta]]
        print(f"  {name}", " ".join(f"{value:.2f}" for value in values))
#: beta 0.1:
#:   reconstruction 93.74 93.27 94.15
#:   KL 36.72 36.29 36.36
#:   used 10.00 10.00 10.00
#:   share of digits 0.08 0.08 0.10
#:   spread 0.08 0.09 0.09
#: beta 1:
#:   reconstruction 101.83 101.04 102.11
#:   KL 16.76 17.06 16.70
#:   used 10.00 10.00 10.00
#:   share of digits 0.32 0.33 0.32
#:   spread 0.12 0.13 0.12
#: beta 30:
#:   reconstruction 205.95 205.89 205.94
#:   KL 0.00 0.00 0.00
#:   used 0.00 0.00 0.00
#:   share of digits 0.00 0.00 0.00
#:   spread 0.00 0.00 0.00

# %%
# With β = 0.1 the reconstruction error is smallest, but KL is more than twice as large
# as with β = 1. The codes are farther from the prior, and fewer random codes become
# digits. With β = 30 no number of the code is used any more. Every code then decodes to
# almost the same image. This is called posterior collapse (后验坍塌): each posterior is
# the prior, and z tells nothing about x.

# %%
# The plane of digits
# -------------------
# A code of two numbers is a point of a plane, so one picture can show the whole prior.
# The picture has 15 times 15 codes. In each direction, the prior is divided into 15
# intervals of equal probability. A code stands at the middle of each interval. ``icdf``
# is the inverse of the cumulative distribution (lesson 54).

plane_net = train(k=2, beta=1, seed=0)
middles = torch.linspace(0.5 / 15, 1 - 0.5 / 15, 15)
places = Normal(0.0, 1.0).icdf(middles)  # [15]
second, first = torch.meshgrid(places.flip(0), places, indexing="ij")  # [15, 15]
grid = torch.stack([first, second], dim=2).view(-1, 2).to(opt.device)  # => [225, 2]
plane = plane_net.decode(grid).detach()

# %%
# Drawn: the decoded plane (left), and the means μ of 3000 test images (right).
# Neighbours on the plane look alike, and one digit turns into another without a gap.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5))
picture = plane.view(15, 15, 28, 28).permute(0, 2, 1, 3).reshape(420, 420)
left.imshow(picture.cpu().numpy(), cmap="gray", vmin=0, vmax=1)
left.axis("off")
codes = plane_net.encode(x_test[:3000])[0].detach().cpu()
labels = test_set.tensors[1][:3000].cpu()
points = right.scatter(codes[:, 0], codes[:, 1], c=labels, cmap="tab10", s=4)
right.set_xlabel("first number of the code")
right.set_ylabel("second number of the code")
figure.colorbar(points, ticks=range(10), label="digit")
show("plane")

# %%
# Try it
# ------
# ``python check.py 56`` checks the function that is named here.
#
# - Predict KL of N(1, 1) from N(0, 1).
# - Change the given ``negative_elbo`` until both of its terms belong to a whole image.
# - Build a VAE that is told the digit: the label's one-hot goes to encoder and decoder.
#   Does it draw the digit that you ask for? What happens to the share of digits?
