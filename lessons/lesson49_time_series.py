"""
Lesson 49: forecasting a series of numbers (时间序列预测)
=========================================================

An RNN reads a series and says the next number at each step. Fed with its own answers it
runs on freely. First a sine, then 309 years of sunspots, and whether it is any good.

:Notes: none; the course's lesson after RNN
:Needs: lessons 32, 35 and 47
:Run: ``python lessons/lesson49_time_series.py``
"""

import copy

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F

from utils import read_data, settings, show, stop_if_not_finite

opt = settings(steps=400, batch_size=32, lr=0.005, hidden=16)
steps = 20 if opt.quick else opt.steps

# %%
# The network
# -----------
# The state after each step goes through a linear layer, which says the number that
# comes next. So a series of t numbers gives t predictions at once, each made from the
# numbers up to there and from nothing later.


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, opt.hidden, batch_first=True)
        self.linear = nn.Linear(opt.hidden, 1)

    def forward(self, x, h=None):
        states, h = self.rnn(x, h)  # [b, t, 1] => [b, t, h]
        return self.linear(states), h  # => [b, t, 1]


def rmse(prediction, truth):
    """Root of the mean squared error, in the unit of the series."""
    return (prediction - truth).square().mean().sqrt().item()


# %%
# Two ways to forecast. One step ahead, each prediction follows on true numbers. Free
# running, the net hears the truth up to some point, and from there on only itself.


@torch.no_grad()
def one_step_ahead(net, z):
    """Predictions [t - 1] of all numbers of ``z`` [t] but the first."""
    return net(z[None, :-1, None])[0][0, :, 0]


@torch.no_grad()
def free_run(net, z, count):
    """The ``count`` numbers that follow on ``z`` [t], as the net goes on by itself."""
    predictions = []
    x, h = net(z[None, :, None])  # [1, t, 1]
    for _ in range(count):
        predictions.append(x[:, -1:])  # [1, 1, 1]
        x, h = net(predictions[-1], h)
    return torch.cat(predictions, dim=1)[0, :, 0]  # [count]


# %%
# Training
# --------
# A batch holds windows of 41 numbers: 40 to read, and the same shifted by one to
# predict. The first 10 predictions do not count, since the state knows little yet. The
# numbers up to ``test_start`` choose when to stop: the weights with the lowest
# error there are kept (early stopping, lesson 35).


def train(z, end, test_start, seed):
    """A net trained on ``z[:end]``, of lowest error on ``z[end:test_start]``."""
    torch.manual_seed(seed)
    net = Forecaster().to(opt.device)
    optimizer = optim.Adam(net.parameters(), lr=opt.lr)
    windows = z[:end].unfold(0, 41, 1)  # [t] => [t - 40, 41]
    lowest = float("inf")
    for step in range(1, steps + 1):
        batch = windows[torch.randint(len(windows), (opt.batch_size,))]  # [b, 41]
        predictions, _ = net(batch[:, :-1, None])  # [b, 40, 1] => [b, 40, 1]
        loss = F.mse_loss(predictions[:, 10:, 0], batch[:, 11:])
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)  # lesson 50
        optimizer.step()
        if step % 20 == 0 or step == steps:
            predictions = one_step_ahead(net, z[:test_start])
            error = rmse(predictions[end - 1 :], z[end:test_start])
            if error < lowest:
                lowest, best = error, copy.deepcopy(net.state_dict())
    net.load_state_dict(best)
    return net


# %%
# A sine
# ------
# 25 steps a period; 200 to train, 100 to validate, 100 to test. The yardstick is
# persistence, tomorrow is as today: a net that cannot beat it has learned nothing.

sine = torch.sin(2 * torch.pi * torch.arange(400) / 25).to(opt.device)
sine_net = train(sine, 200, 300, opt.seed)
sine_free = free_run(sine_net, sine[:300], 100)
sine_errors = {
    "persistence": rmse(sine[299:-1], sine[300:]),
    "one step ahead": rmse(one_step_ahead(sine_net, sine)[299:], sine[300:]),
    "free running": rmse(sine_free, sine[300:]),
}
print({name: f"{error:.3f}" for name, error in sine_errors.items()})
#: {'persistence': '0.177', 'one step ahead': '0.002', 'free running': '0.011'}

# %%
# Sunspots
# --------
# Their yearly number goes up and down in about 11 years, never twice alike. The split
# is by time: if test years were drawn at random, training would know the years around
# each of them. Mean and standard deviation come from the training years alone, since
# those of the whole series know of the higher maxima to come.

lines = read_data(opt.data, "sunspots.csv").decode().split()[1:]  # no heading
years, counts = torch.tensor([[float(v) for v in line.split(",")] for line in lines]).T
end, test_start = 200, 250  # train 1700 to 1899, validate to 1949, test to 2008
mean, std = counts[:end].mean(), counts[:end].std()
z = ((counts - mean) / std).to(opt.device)
test_years, truth = years[test_start:], counts[test_start:]
print(f"{len(truth)} test years, {test_years[0]:.0f} to {test_years[-1]:.0f}")
#: 59 test years, 1950 to 2008
print(f"maximum in training {counts[:end].max():.1f}, in testing {truth.max():.1f}")
#: maximum in training 154.4, in testing 190.2

# %%
# One step ahead
# --------------
# The second yardstick is a linear fit: each year from the nine before it and a one, by
# least squares on the training years. For the RNN, the mean error of three seeds.

past = torch.cat([counts.unfold(0, 9, 1)[:-1], torch.ones(300, 1)], dim=1)  # [300, 10]
weights = torch.linalg.lstsq(past[: end - 9], counts[9:end, None]).solution  # [10, 1]
linear = (past @ weights)[test_start - 9 :, 0]
nets = [train(z, end, test_start, opt.seed + i) for i in range(3)]
forecasts = [one_step_ahead(n, z).cpu()[test_start - 1 :] * std + mean for n in nets]
errors = {
    "persistence": rmse(counts[test_start - 1 : -1], truth),
    "linear fit": rmse(linear, truth),
    "RNN": sum(rmse(f, truth) for f in forecasts) / 3,
}
print({name: f"{error:.1f}" for name, error in errors.items()})
#: {'persistence': '33.2', 'linear fit': '19.3', 'RNN': '19.0'}

# %%
# The RNN clearly beats persistence, and is about as good as the linear fit. Whoever
# leaves such a yardstick out may take a net for better than it is.
#
# Free running
# ------------
# From 1950 on without any data. The yardsticks: the last value for ever, the mean of
# the training years, the last 11 years over and over.

free_runs = [free_run(n, z[:test_start], len(truth)).cpu() * std + mean for n in nets]
cycle = counts[test_start - 11 : test_start].repeat(6)[: len(truth)]
free_errors = {
    "last value": rmse(counts[test_start - 1], truth),
    "mean": rmse(mean, truth),
    "last 11 years": rmse(cycle, truth),
    "RNN": sum(rmse(f, truth) for f in free_runs) / 3,
}
print({name: f"{error:.1f}" for name, error in free_errors.items()})
#: {'last value': '82.6', 'mean': '58.1', 'last 11 years': '48.2', 'RNN': '40.1'}

# %%
# The nets keep the rhythm, a year or two out of step, and all their maxima are alike.
# The rhythm is in the data; the height of a maximum decades ahead is not.

figure, axes = plt.subplots(3, 1, figsize=(10, 8))
axes[0].plot(sine[200:].cpu(), label="truth")
axes[0].plot(range(100, 200), sine_free.cpu(), "--", label="free running")
axes[0].set(title="sine", xlabel="step after the training part")
titles = "sunspots, one step ahead", "sunspots, free running from 1950"
for ax, title, runs in zip(axes[1:], titles, (forecasts, free_runs), strict=True):
    ax.plot(years[200:], counts[200:], label="truth")
    for i in range(3):
        ax.plot(test_years, runs[i], "--", label=f"RNN, seed {opt.seed + i}")
    ax.set(title=title, xlabel="year", ylabel="sunspot number")
for ax in axes:
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
show("forecasts")

# %%
# Try it
# ------
# - Predict the errors if mean and standard deviation came from all years. Who gains?
# - Change the series to its square root. Which gains more, the RNN or the linear fit?
# - Build a forecast five years ahead, and compare it with persistence over five years.
