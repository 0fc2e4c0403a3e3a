"""
Lesson 61: from noise to data by small steps (扩散模型)
=======================================================

A network learns velocities that move random noise to data in many small steps. The same
code first makes points on a ring, and later digits.

:Notes: none; an addition
:Needs: lessons 38, 54, 55 and 56
:Run: ``python lessons/lesson61_diffusion.py``
"""

import math

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import MNIST_MEAN, MNIST_STD, batches, evaluate, mnist, settings, show

opt = settings(
    epochs=2,
    steps=1500,
    seeds=3,
    count=2000,
    quick={"steps": 30, "seeds": 1, "count": 100},
)
torch.manual_seed(opt.seed)

# %%
# A line from noise to data
# -------------------------
# A diffusion model (扩散模型) makes data out of noise in many small steps. Flow
# matching (流匹配) is its simplest form. It takes a random noise x₀, a data point x₁
# and the line between them. The time t runs from 0 (noise) to 1 (data).
#
# .. math::
#    x_t = (1 - t) \, x_0 + t \, x_1, \qquad v = \frac{dx_t}{dt} = x_1 - x_0
#
# v is the velocity (速度) on this line. It does not depend on t. Autograd computes the
# same derivative.

x0 = torch.randn(2)
x1 = torch.tensor([2.0, 0.0])
t = torch.tensor(0.3, requires_grad=True)
velocity = []
for i in range(2):
    x_t = (1 - t) * x0[i] + t * x1[i]
    velocity.append(torch.autograd.grad(x_t, t)[0])
equal = torch.allclose(torch.stack(velocity), x1 - x0, atol=1e-6)
print("derivative of the line equals x1 - x0:", equal)
#: derivative of the line equals x1 - x0: True

# %%
# The data form a ring as in lesson 57: eight small Gaussians around a circle.

angles = torch.arange(8) * 2 * math.pi / 8
centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)  # [8, 2]
std = 0.1


def ring(count):
    """Points of the ring, [count, 2]."""
    return centres[torch.randint(8, (count,))] + std * torch.randn(count, 2)


# %%
# Many lines through one point
# ----------------------------
# A new sample has only its noise x₀. Its data point x₁ is not known yet. The network
# sees only a point x and the time t. Many lines pass x at the time t, and each has a
# velocity of its own. Which velocity is right?
#
# The smallest case has two data points on a number line, 1 and -1. The time is 0.5, and
# the point is 0.25. Two lines pass this point at this time: one ends at 1, and the
# other one ends at -1. Each line began at a noise, which follows from the first
# formula:
#
# .. math:: x_0 = \frac{x_t - t \, x_1}{1 - t}
#
# For the line to 1 it is (0.25 - 0.5 · 1) / 0.5 = -0.5. For the line to -1 it is
# (0.25 + 0.5 · 1) / 0.5 = 1.5.

t, x = 0.5, 0.25
ends = torch.tensor([1.0, -1.0])  # [n], the data points
noise = (x - t * ends) / (1 - t)  # [n], where each line began
velocities = ends - noise  # [n]
for i in range(2):
    print(f"from {noise[i]:.1f} to {ends[i]:.0f}: velocity {velocities[i]:.1f}")
#: from -0.5 to 1: velocity 1.5
#: from 1.5 to -1: velocity -2.5

# %%
# How likely each line is
# -----------------------
# The noise comes from the normal distribution. Its density (密度) at a number z is
# proportional to :math:`e^{-z^2/2}`. So the noise -0.5 is more likely than the noise
# 1.5. The weight of a line is its own density, divided by the sum of both densities.
# The weights sum to 1.

density = (-(noise**2) / 2).exp()  # [n]
weights = density / density.sum()  # [n]
print(f"densities {density[0]:.3f} and {density[1]:.3f}")
#: densities 0.882 and 0.325
print(f"weights {weights[0]:.3f} and {weights[1]:.3f}")
#: weights 0.731 and 0.269
two_points = (weights * velocities).sum().item()
print(f"mean velocity {two_points:.3f}")
#: mean velocity 0.424

# %%
# The mean velocity is 0.731 · 1.5 + 0.269 · (-2.5) = 0.424. Four million random lines
# confirm it. The code keeps the lines that are near 0.25 at the time 0.5.

x1 = ends[torch.randint(2, (4_000_000,))]
x0 = torch.randn(4_000_000)
x_t = (1 - t) * x0 + t * x1
near = (x_t - x).abs() < 0.02
share_to_1 = (x1[near] == 1).float().mean().item()
counted = (x1 - x0)[near].mean().item()
print(f"share of the lines to 1: {share_to_1:.2f}")
#: share of the lines to 1: 0.73
print(f"mean velocity of these lines: {counted:.2f}")
#: mean velocity of these lines: 0.42

# %%
# What the network learns
# -----------------------
# The loss of the network is the squared error. It gets the velocity of one line or of
# the other one as its target, but it has only one answer for x and t. Which answer has
# the smallest expected error?

squared_errors = {}
for answer in -2.5, 0.0, two_points, 1.5:
    squared_errors[answer] = (weights * (answer - velocities) ** 2).sum().item()
    print(f"answer {answer:.2f}: expected squared error {squared_errors[answer]:.2f}")
#: answer -2.50: expected squared error 11.70
#: answer 0.00: expected squared error 3.33
#: answer 0.42: expected squared error 3.15
#: answer 1.50: expected squared error 4.30

# %%
# The best answer is the mean velocity. The derivative shows it. For an answer u the
# derivative is :math:`\sum_i 2 w_i (u - v_i) = 2 u - 2 \sum_i w_i v_i`. It is zero if u
# is the mean velocity.

# %%
# The general formula
# -------------------
# For n data points :math:`a_i` of any dimension the three steps are the same. The noise
# :math:`z_i` of each line follows from its end. The weight of a line is its density,
# divided by the sum of all densities. So the weights are softmax of the exponents. The
# coordinates of the noise are independent, so their densities are multiplied, and the
# squares in the exponent are summed.
#
# .. math::
#    z_i = \frac{x - t \, a_i}{1 - t}, \qquad
#    w_i = \frac{e^{-|z_i|^2/2}}{\sum_j e^{-|z_j|^2/2}}, \qquad
#    v(x, t) = \sum_i w_i \, (a_i - z_i)


def noises(x, t, data):
    """x [b, d] and data [n, d] => the noise of each line, [b, n, d]."""
    return (x[:, None] - t * data) / (1 - t)  # [b, 1, d] - [n, d] => [b, n, d]


def exponents(x, t, data):
    return -noises(x, t, data).square().sum(dim=2) / 2  # [b, n, d] => [b, n]


def mean_velocity(x, t, data):
    weights = exponents(x, t, data).softmax(dim=1)  # [b, n], over the lines
    velocities = data - noises(x, t, data)  # [n, d] - [b, n, d] => [b, n, d]
    return (weights[:, :, None] * velocities).sum(dim=1)  # [b, n, d] => [b, d]


v = mean_velocity(torch.tensor([[0.25]]), 0.5, ends[:, None])  # b = 1, n = 2, d = 1
print(f"general formula for the two points: {v.item():.3f}")
#: general formula for the two points: 0.424

# %%
# This formula is softmax and a weighted mean. So it is like attention (lesson 59), with
# the velocities as values.

# %%
# The score
# ---------
# Many texts on diffusion models begin with another quantity. The points :math:`x_t` at
# the time t have a density :math:`p_t`. The derivative of its logarithm is called the
# score (得分函数). It is not the score of attention. The score points to where the
# density grows.
#
# The score of the two points can be computed by hand. Up to a constant factor, the
# density at x is the sum S of both densities above. Write :math:`s_i` for the exponent
# of one density:
#
# .. math::
#    S = e^{s_1} + e^{s_2}, \qquad s_i = -\tfrac12 z_i^2, \qquad
#    z_i = \frac{x - t \, a_i}{1 - t}
#
# The chain rule (lesson 20) gives the derivatives with respect to x. If x grows by 1,
# then :math:`z_i` grows by 1 / (1 - t). So the derivative of :math:`s_i` is
# :math:`-z_i / (1 - t)`. The derivative of log S is S' / S:
#
# .. math::
#    (\log S)' = \frac{S'}{S} = \frac{e^{s_1}}{S} s_1' + \frac{e^{s_2}}{S} s_2'
#    = w_1 s_1' + w_2 s_2' = - \frac{w_1 z_1 + w_2 z_2}{1 - t}
#
# The fractions are the weights from above. So the score is the mean noise, multiplied
# by -1 / (1 - t).

mean_noise = (weights * noise).sum().item()
score_of_two = -mean_noise / (1 - t)
print(f"mean noise {mean_noise:.3f}, score {score_of_two:.3f}")
#: mean noise 0.038, score -0.076

place = torch.tensor(x, requires_grad=True)
z = (place - t * ends) / (1 - t)  # [n]
log_density = (-(z**2) / 2).exp().sum().log()
by_autograd = torch.autograd.grad(log_density, place)[0].item()
print(f"score by autograd {by_autograd:.3f}")
#: score by autograd -0.076

# %%
# From the score to the velocity
# ------------------------------
# On each line, x is the noise plus t times the velocity: :math:`x = z_i + t \, v_i`.
# The point x is the same for all lines. So the weighted means have the same relation: x
# is the mean noise plus t times the mean velocity. Two steps lead from the score to the
# velocity:
#
# .. math::
#    \text{mean noise} = -(1 - t) \, \text{score}, \qquad
#    v(x, t) = \frac{x - \text{mean noise}}{t} = \frac{x + (1 - t) \, \text{score}}{t}

print(f"velocity from the mean noise {(x - mean_noise) / t:.3f}")
#: velocity from the mean noise 0.424
print(f"velocity from the score {(x + (1 - t) * score_of_two) / t:.3f}")
#: velocity from the score 0.424

# %%
# So a network may predict the velocity, the noise or the score. Each of them follows
# from each of the others. Many diffusion models predict the noise. The last check
# takes 500 points of the ring and autograd.

data = ring(500)
x = torch.randn(100, 2, requires_grad=True)
t = 0.6
log_density = exponents(x, t, data).logsumexp(dim=1)  # [b], but for a constant
score = torch.autograd.grad(log_density.sum(), x)[0]  # [b, 2]
by_score = (x + (1 - t) * score) / t
by_mean = mean_velocity(x, t, data)
score_equal = torch.allclose(by_mean, by_score, atol=1e-4)
print("mean velocity equals that from the score:", score_equal)
#: mean velocity equals that from the score: True

# %%
# Training
# --------
# The network gets a point and its time. A point may have any number d of coordinates,
# so the same function makes the network for the ring and later the one for digits. SiLU
# is x · sigmoid(x), a smooth form of ReLU. So the velocity has no kinks (lesson 17).


def velocity_network(d, width):
    return nn.Sequential(
        nn.Linear(d + 1, width),  # the point and its time
        nn.SiLU(),
        nn.Linear(width, width),
        nn.SiLU(),
        nn.Linear(width, width),
        nn.SiLU(),
        nn.Linear(width, d),
    ).to(opt.device)


# %%
# Each step draws new noise and new times for a batch of data. The target is x₁ - x₀.


def flow_loss(net, x1):
    x0 = torch.randn_like(x1)  # [b, d]
    t = torch.rand(len(x1), 1, device=x1.device)  # [b, 1]
    x_t = (1 - t) * x0 + t * x1
    v = net(torch.cat([x_t, t], dim=1))  # [b, d + 1] => [b, d]
    return F.mse_loss(v, x1 - x0)


# %%
# Each batch has 256 data points that are drawn at random.


def train_flow(net, data, lr):
    optimizer = optim.Adam(net.parameters())
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, opt.steps)
    for _ in range(opt.steps):
        batch = torch.randint(len(data), (256,), device=data.device)
        loss = flow_loss(net, data[batch])  # [256, d]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()


# %%
# Does the network learn the mean velocity? Its squared error at t = 0.5 is compared
# with that of always predicting a velocity of zero. The learning rates 0.005, 0.01,
# 0.02 and 0.04 were tried. With 0.02 the most points end near the data (see below).

ring_nets, errors = [], []
data = ring(20_000)
for seed in range(opt.seeds):
    torch.manual_seed(opt.seed + seed)
    net = velocity_network(2, width=128)
    train_flow(net, data.to(opt.device), lr=0.02)
    x = 0.5 * torch.randn(500, 2) + 0.5 * ring(500)  # at t = 0.5
    with torch.no_grad():
        points = torch.cat([x, torch.full((500, 1), 0.5)], dim=1)
        v = net(points.to(opt.device)).cpu()
    exact = mean_velocity(x, 0.5, data)
    errors.append((F.mse_loss(v, exact) / exact.square().mean()).item())
    ring_nets.append(net)
shown = " ".join(f"{error:.3f}" for error in errors)
print(f"error of the network / error of predicting zero: {shown}")
#: error of the network / error of predicting zero: 0.041 0.032 0.039

# %%
# From noise to a sample
# ----------------------
# A sample starts as noise at t = 0. The network gives its velocity, and the sample
# makes a small step with this velocity. These two operations are repeated until t = 1.
# This is Euler's method (欧拉法).


@torch.no_grad()
def generate(net, x, steps):
    """Noise x [b, d] => the points after each step, a list of steps + 1 tensors."""
    path = [x]
    for i in range(steps):
        t = torch.full((len(x), 1), i / steps, device=x.device)
        v = net(torch.cat([x, t], dim=1))
        x = x + v / steps
        path.append(x)
    return path


def near_centres(points):
    """Share of points within 3 std of a centre, and the smallest share of a centre."""
    distances, nearest = torch.cdist(points, centres).min(dim=1)  # [b]
    near = distances < 3 * std
    counts = torch.bincount(nearest[near], minlength=8)
    return near.float().mean().item(), counts.min().item() / len(points)


# %%
# How many steps are necessary? A point is near a centre if its distance is less than
# three standard deviations of the Gaussian. All eight Gaussians should be found. At
# best, each of them has one point in eight, 12.5 %.

step_counts = [1, 2, 5, 10, 20, 50]
ring_shares, smallest = {}, {}
for steps in step_counts:
    ring_shares[steps], smallest[steps] = [], []
    for seed, net in enumerate(ring_nets):
        torch.manual_seed(opt.seed + seed)
        noise = torch.randn(opt.count, 2).to(opt.device)
        near, least = near_centres(generate(net, noise, steps)[-1].cpu())
        ring_shares[steps].append(near)
        smallest[steps].append(least)
    near = sum(ring_shares[steps]) / opt.seeds
    print(f"{steps} steps: {near:.2f} of the points near a centre, ", end="")
    print(f"rarest centre {min(smallest[steps]):.2f}")
#: 1 steps: 0.00 of the points near a centre, rarest centre 0.00
#: 2 steps: 0.08 of the points near a centre, rarest centre 0.00
#: 5 steps: 0.76 of the points near a centre, rarest centre 0.08
#: 10 steps: 0.86 of the points near a centre, rarest centre 0.09
#: 20 steps: 0.90 of the points near a centre, rarest centre 0.09
#: 50 steps: 0.92 of the points near a centre, rarest centre 0.10
near, _ = near_centres(ring(opt.count))
print(f"data: {near:.2f}")
#: data: 0.99

# %%
# Drawn: the paths of 200 points in 1, 5 and 50 steps. Data are grey, noise is blue, and
# the ends are red.

torch.manual_seed(opt.seed)
noise = torch.randn(200, 2).to(opt.device)
grey = ring(1000)
figure, axes = plt.subplots(1, 3, figsize=(11, 4), sharex=True, sharey=True)
for ax, steps in zip(axes, (1, 5, 50), strict=True):
    path = torch.stack(generate(ring_nets[0], noise, steps)).cpu()  # [steps + 1, b, 2]
    ax.scatter(grey[:, 0], grey[:, 1], s=4, color="lightgray")
    ax.plot(path[:, :, 0], path[:, :, 1], color="C0", linewidth=0.4, alpha=0.6)
    ax.scatter(path[0, :, 0], path[0, :, 1], s=4, color="C0", zorder=3)
    ax.scatter(path[-1, :, 0], path[-1, :, 1], s=6, color="C3", zorder=3)
    ax.set_aspect("equal")
    ax.set_title(f"steps: {steps}")
show("ring")

# %%
# Many paths are bent. At first all points go to the middle of the data, and later each
# point turns to one of the eight Gaussians. A single step follows only the first
# velocity. It ends near the middle, where there are no data. With more steps the path
# can turn. After 50 steps most points are near a centre, but fewer than of the data
# themselves.

# %%
# A judge for digits
# ------------------
# The judge is that of lesson 56, which shows its limits: the CNN of lesson 38, trained
# for one epoch. Its probabilities say how sure it is of an image. An image that looks
# like a digit should have a class with a probability above 0.9.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
judge = nn.Sequential(
    nn.Conv2d(1, 16, 5, stride=2, padding=2),  # [b, 1, 28, 28] => [b, 16, 14, 14]
    nn.ReLU(),
    nn.Conv2d(16, 32, 3, stride=2, padding=1),  # => [b, 32, 7, 7]
    nn.ReLU(),
    nn.Flatten(),  # => [b, 1568]
    nn.Linear(32 * 7 * 7, 10),  # => [b, 10]
).to(opt.device)

# %%
# The judge is trained on the training images and tested on the test images.

loader = batches(train_set, batch_size=100, shuffle=True)
optimizer = optim.Adam(judge.parameters())
scheduler = optim.lr_scheduler.OneCycleLR(optimizer, 0.006, len(loader))
for x, y in loader:
    loss = F.cross_entropy(judge(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
_, judge_accuracy = evaluate(judge, batches(test_set, batch_size=1000))
print(f"accuracy of the judge: {judge_accuracy:.3f}")
#: accuracy of the judge: 0.985

# %%
# ``quality`` takes images with pixels from 0 to 1, as the decoder makes them. It
# normalises them for the judge.


@torch.no_grad()
def quality(images):
    """images [b, 784] => share that is sure, and the smallest share of a class."""
    x = (images.view(-1, 1, 28, 28) - MNIST_MEAN) / MNIST_STD
    sureness, classes = judge(x).softmax(dim=1).max(dim=1)  # [b]
    counts = torch.bincount(classes, minlength=10)
    return (sureness > 0.9).float().mean().item(), counts.min().item() / len(images)


def pixels(dataset):
    """The images of a set as [n, 784], pixels in 0 to 1."""
    return (dataset.tensors[0].flatten(1) * MNIST_STD + MNIST_MEAN).clamp(0, 1)


images, test_images = pixels(train_set), pixels(test_set)
print(f"test images: {quality(test_images)[0]:.2f} sure")
#: test images: 0.95 sure

# %%
# Codes
# -----
# 784 pixels are many numbers for such a small network. The flow therefore makes codes
# of 16 numbers, and a decoder makes images from these codes (lesson 55). Stable
# Diffusion does the same on a larger scale. The decoder belongs to a variational
# auto-encoder (lesson 56). Lesson 56 draws its codes from the normal distribution.
# These codes are the control.

code = 16


def auto_encoder():
    encoder = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 2 * code))
    decoder = nn.Sequential(nn.Linear(code, 256), nn.ReLU(), nn.Linear(256, 784))
    return encoder.to(opt.device), decoder.to(opt.device)


def vae_loss(encoder, decoder, x):
    """Reconstruction and KL (lesson 54), both summed, an image."""
    mean, log_variance = encoder(x).chunk(2, dim=1)  # [b, 32] => [b, 16] twice
    z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
    kl = (mean**2 + log_variance.exp() - 1 - log_variance).sum() / 2
    logits = decoder(z)  # [b, 16] => [b, 784]
    error = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (error + kl) / len(x)


# %%
# The auto-encoder is trained with the loss and the learning rate of lesson 56.


def train_vae(encoder, decoder):
    parameters = list(encoder.parameters()) + list(decoder.parameters())
    optimizer = optim.Adam(parameters)
    steps = opt.epochs * math.ceil(len(images) / 256)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, 0.03, steps)
    for _ in range(opt.epochs):
        for part in torch.randperm(len(images), device=opt.device).split(256):
            loss = vae_loss(encoder, decoder, images[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()


# %%
# Three sources of codes, one decoder
# -----------------------------------
# "normal" draws each number of a code from the normal distribution, as lesson 56 does.
# "Gaussian" draws from the Gaussian that has the mean and the covariance (协方差) of
# the training images' codes. "flow" moves noise to such codes in 20 steps. "decoded"
# takes the codes of test images. It shows what this decoder can give at best.


def normal_codes(z):
    return torch.randn(opt.count, code, device=z.device)


def gaussian_codes(z):
    covariance = torch.cov(z.t()) + 1e-4 * torch.eye(code, device=z.device)
    spread = torch.linalg.cholesky(covariance)  # spread @ spread.t() = covariance
    return z.mean(dim=0) + normal_codes(z) @ spread.t()


def flow_codes(z, net, steps):
    x1 = generate(net, normal_codes(z), steps)[-1]
    return z.mean(dim=0) + x1 * z.std(dim=0)


# %%
# The flow is trained on codes that have a mean of 0 and a standard deviation of 1, as
# the noise has. The learning rates 0.002, 0.004, 0.008 and 0.016 were tried for the
# flow. 0.008 and 0.016 are about equally good, and 0.008 is used.

vaes, flows = [], []
for seed in range(opt.seeds):
    torch.manual_seed(opt.seed + seed)
    encoder, decoder = auto_encoder()
    train_vae(encoder, decoder)
    with torch.no_grad():
        z = encoder(images)[:, :code]  # the means, [n, 784] => [n, 16]
    net = velocity_network(code, width=256)
    train_flow(net, (z - z.mean(dim=0)) / z.std(dim=0), lr=0.008)
    vaes.append({"encoder": encoder, "decoder": decoder, "codes": z})
    flows.append(net)

# %%
# ``codes_by_source`` gives the codes of each source for one seed.


@torch.no_grad()
def codes_by_source(vae, net):
    return {
        "decoded": vae["encoder"](test_images)[:, :code],
        "normal": normal_codes(vae["codes"]),
        "Gaussian": gaussian_codes(vae["codes"]),
        "flow": flow_codes(vae["codes"], net, 20),
    }


# %%
# The judge tests the images of each source. The rarest digit should be near one in ten.

names = "decoded", "normal", "Gaussian", "flow"
sources, rarest = {}, {}
for name in names:
    sources[name], rarest[name] = [], []
for vae, net in zip(vaes, flows, strict=True):
    codes = codes_by_source(vae, net)
    for name in names:
        sure, least = quality(vae["decoder"](codes[name]).sigmoid())
        sources[name].append(sure)
        rarest[name].append(least)
for name in names:
    shown = " ".join(f"{sure:.2f}" for sure in sources[name])
    print(f"{name}: sure of {shown}, rarest digit {min(rarest[name]):.2f}")
#: decoded: sure of 0.86 0.87 0.88, rarest digit 0.08
#: normal: sure of 0.29 0.35 0.32, rarest digit 0.05
#: Gaussian: sure of 0.40 0.40 0.42, rarest digit 0.06
#: flow: sure of 0.64 0.63 0.67, rarest digit 0.07

# %%
# With codes of the flow, the judge is sure of about twice as many images as with normal
# codes. Both come from the same decoder. The codes of real images do not fill the
# normal distribution, although KL moves them towards it. A code between those of two
# digits is decoded to a mixture of both. The Gaussian improves this only a little,
# since mean and covariance say nothing about such gaps. The flow has learned where the
# codes are. With 8 or 32 numbers a code, the three sources keep this order.
#
# Other settings of the auto-encoder were tried, too. With the learning rate 0.06, the
# shares of the normal codes are 0.33 to 0.37, but those of the flow are only 0.59 to
# 0.62. With the rate 0.006, weights β of 0.5, 2, 4 and 8 for KL (lesson 56) were tried.
# With none of them a share of the normal codes was above 0.33.

# %%
# The number of steps
# -------------------
# The same networks generate codes in 1 to 50 steps.

digit_shares = {}
for steps in step_counts:
    digit_shares[steps] = []
    for vae, net in zip(vaes, flows, strict=True):
        z = flow_codes(vae["codes"], net, steps)
        sure, _ = quality(vae["decoder"](z).sigmoid())
        digit_shares[steps].append(sure)
    shown = " ".join(f"{sure:.2f}" for sure in digit_shares[steps])
    print(f"{steps} steps: sure of {shown}")
#: 1 steps: sure of 0.03 0.01 0.02
#: 2 steps: sure of 0.33 0.33 0.36
#: 5 steps: sure of 0.56 0.59 0.59
#: 10 steps: sure of 0.62 0.63 0.63
#: 20 steps: sure of 0.64 0.65 0.65
#: 50 steps: sure of 0.65 0.65 0.69

# %%
# One step is worse than the normal codes, two steps are about as good, and five steps
# are better. More than ten steps improve the result only a little, and each step costs
# the same time. Even 50 steps do not reach the share of "decoded". The decoder sets one
# limit, and the trained flow sets another.

# %%
# Drawn: the first sixteen digits of each source.

figure, axes = plt.subplots(4, 1, figsize=(9, 3.4))
for ax, (name, z) in zip(axes, codes.items(), strict=True):
    with torch.no_grad():
        made = vaes[-1]["decoder"](z[:16]).sigmoid().view(16, 28, 28).cpu()
    ax.imshow(torch.cat(list(made), dim=1), cmap="gray", vmin=0, vmax=1)
    ax.set_ylabel(name, rotation=0, ha="right", va="center")
    ax.set(xticks=[], yticks=[])
show("digits")

# %%
# Drawn: the share of good samples for each number of steps, as the mean over the seeds.

plt.figure(figsize=(6, 3.8))
for name, shares in ("ring, near a centre", ring_shares), ("digits", digit_shares):
    means = [sum(values) / opt.seeds for values in shares.values()]
    plt.semilogx(step_counts, means, marker="o", label=name)
plt.axhline(sum(sources["normal"]) / opt.seeds, color="gray", label="digits, normal")
plt.xticks(step_counts, [str(steps) for steps in step_counts])
plt.xlabel("steps")
plt.ylabel("share of good samples")
plt.ylim(0, 1.02)
plt.legend()
show("steps")

# %%
# Try it
# ------
# ``python check.py 61`` checks the function that is named here.
#
# - Predict where a single step of Euler's method takes all points of the ring, and why.
#   Then look at the left picture.
# - Change ``code`` to 8, then to 32. What happens to "decoded", and what to "flow"?
# - Build ``midpoint_flow``, whose steps ask for the velocity halfway. Use it for the
#   digits: how many steps does it need?
