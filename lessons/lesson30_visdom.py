"""
Lesson 30: watching a network train (Visdom可视化)
==================================================

A curve that grows while the network trains shows at once what a wrong setting costs.
This is the training of lesson 29 with a page in the browser; ``# new:`` marks what that
takes.

:Notes: lesson30 Visdom可视化
:Needs: lesson 29
:Run: ``python lessons/lesson30_visdom.py``
"""

import time

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from tqdm import tqdm

from utils import batches, evaluate, mnist, settings, show, stop, stop_if_not_finite

from dashboard import connect  # new:  # isort: skip

opt = settings(epochs=10, batch_size=200, lr=0.05, momentum=0.9, port=8097)
torch.manual_seed(opt.seed)

# %%
# A server and its client
# -----------------------
# Visdom is a small web server. The lesson is its client and sends it data; a page in
# the browser shows them, each plot in a window that has a name. The notes say
# ``Visdom()``, which wants a server that was started by hand before. ``connect`` uses
# such a server or starts one, for this machine only, and says the page's address: open
# it now, it follows by itself. Where no server can run, the lesson trains all the same.

viz = connect(opt.port)  # new:

# %%
# The data and the network are those of lesson 29.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)

net = nn.Sequential(
    nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
    nn.Linear(784, 200),
    nn.LeakyReLU(),
    nn.Linear(200, 200),
    nn.LeakyReLU(),
    nn.Linear(200, 10),  # [b, 200] => [b, 10]
)
for layer in net:
    if isinstance(layer, nn.Linear):
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
net.to(opt.device)
optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)

# %%
# A text is the simplest window. Visdom takes a text for HTML, in which ``<6>`` would
# be an unknown tag and vanish; this client shows every character as it is.

about = f"{opt.epochs} epochs, lr {opt.lr}\n{net}"
viz.text(about, win="net", opts={"title": "network", "width": 480})  # new:

# %%
# Images and what the network says
# --------------------------------
# ``images`` draws a grid from pixels in 0 to 1. Below it stands each prediction at the
# place of its image, a wrong one in ``< >``. Sent again under the same name, a window
# takes the new content.


def show_digits():
    """Send 40 test images and their predicted labels."""
    x, y = (tensor[:40] for tensor in test_set.tensors)
    with torch.no_grad():
        predictions = net(x).argmax(dim=1)  # [40, 1, 28, 28] => [40, 10] => [40]
    pairs = zip(predictions, y, strict=True)
    words = [f" {p}  " if p == label else f"<{p}> " for p, label in pairs]
    rows = ["".join(words[i : i + 10]) for i in range(0, 40, 10)]
    pixels = (x - x.min()) / (x.max() - x.min())
    opts = {"width": 480, "height": 220}
    viz.images(pixels, nrow=10, win="digits", opts={"title": "test images", **opts})
    viz.text("\n".join(rows), win="predictions", opts={"title": "predicted", **opts})


# %%
# Curves that grow
# ----------------
# ``update="append"`` adds to a plot. For two lines a step has one x and a row of two
# values, and ``legend`` names them. The loss of each training step goes through
# ``point``, which sends those of a second in one call; why is measured below.

losses, test_losses, accuracies = [], [], []
try:
    for epoch in range(1, opt.epochs + 1):
        net.train()
        for x, y in tqdm(train_loader, f"epoch {epoch}", leave=False, disable=None):
            logits = net(x)  # [b, 1, 28, 28] => [b, 10]
            loss = F.cross_entropy(logits, y)
            losses.append(stop_if_not_finite(loss))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            viz.point("loss", len(losses), losses[-1], {"title": "train loss"})  # new:
        test_loss, accuracy = evaluate(net, test_loader)
        test_losses.append(test_loss)
        accuracies.append(accuracy)
        opts = {"title": "test set", "legend": ["loss", "accuracy"], "markers": True}
        test = [[test_loss, accuracy]]  # [1, 2]: one step, two lines
        viz.line(test, [len(losses)], win="test", update="append", opts=opts)  # new:
        show_digits()  # new:
        print(f"epoch {epoch:2d}: accuracy {accuracy:.3f}")
except KeyboardInterrupt:
    stop(f"stopped after {len(accuracies)} whole epochs", status=130)
#: epoch  1: accuracy 0.961
#: epoch  2: accuracy 0.968
#: epoch  3: accuracy 0.976
#: epoch  4: accuracy 0.977
#: epoch  5: accuracy 0.977
#: epoch  6: accuracy 0.979
#: epoch  7: accuracy 0.979
#: epoch  8: accuracy 0.981
#: epoch  9: accuracy 0.979
#: epoch 10: accuracy 0.983

# %%
# Sum or mean?
# ------------
# The notes say to plot the test loss before it is divided: a sum of the batches' means.
# It grows with the number of batches, and the accuracy beside it looks flat. Divided by
# the number of images, as they print it, it is too small by the batch size.
# ``evaluate`` sums over images and divides by their number. Here is what the notes plot
# and what they print, as a multiple of the loss:

plotted = {}
for batch_size in 200, 1000:
    with torch.no_grad():
        loader = batches(test_set, batch_size)
        total = sum(F.cross_entropy(net(x), y).item() for x, y in loader)
    plotted[batch_size] = total / test_loss
    printed = plotted[batch_size] / len(test_set)
    print(f"batches of {batch_size}: {plotted[batch_size]:.1f} and {printed:.4f}")
#: batches of 200: 50.0 and 0.0050
#: batches of 1000: 10.0 and 0.0010

# %%
# One point a call
# ----------------
# The notes say to append each step's loss in a call of its own. At every call the
# server copies the plot and compares it with the old one, so that a call takes longer
# the longer the curve is, and all calls for n points take a time that grows with n². In
# fifties they are a fiftieth as many. ``point`` waits for a second's points, and on a
# long curve for a fiftieth of it.


def append_ms(count):
    """Milliseconds for one more point on a curve of ``count`` points."""
    steps = list(range(count))
    viz.line(steps, steps, win="long")
    start = time.perf_counter()
    for step in range(count, count + 5):
        viz.line([step], [step], win="long", update="append")
    return (time.perf_counter() - start) / 5 * 1000


one_append = {}
if not viz.lost:
    for count in 100, 500 if opt.quick else 3000:
        one_append[count] = append_ms(count)
        print(f"one more point on {count}: {one_append[count]:.1f} ms")
    total = one_append[count] / 2 * count / 1000
    print(f"all {count} so: about {total:.0f} s; in fifties: {total / 50:.1f} s")
    viz.close("long")
#: one more point on 100: 7.4 ms
#: one more point on 3000: 80.3 ms
#: all 3000 so: about 120 s; in fifties: 2.4 s

# %%
# The same curves as a figure, for whoever has no browser at hand.

epoch_ends = [len(train_loader) * (i + 1) for i in range(len(test_losses))]
plt.figure()
plt.plot(losses, linewidth=0.5, alpha=0.6, label="training batch")
plt.plot(epoch_ends, test_losses, marker="o", label="test set")
plt.plot(epoch_ends, accuracies, marker="o", label="accuracy on the test set")
plt.xlabel("step")
plt.ylabel("cross entropy, accuracy")
plt.ylim(0, 1.05)
plt.legend()
show("dashboard")

# %%
# A server that this lesson started ends with it. At a terminal the page stays until you
# press Enter. Everything is in a log, too: ``python dashboard.py --replay`` and the
# log's name show the dashboard again.

viz.finish()  # new:

# %%
# Try it
# ------
# - Predict what the page shows for ``--lr 1``, then watch it.
# - Change ``"legend"`` to a single name. Which call fails, and what does it say?
# - Build a third line in the test plot: the accuracy on 10000 training images.
