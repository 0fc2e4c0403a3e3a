"""
Lesson 30: watching a network train (Visdom可视化)
==================================================

A page in the browser shows the curves of a training while it runs, so that you see a
wrong setting at once. This is the training of lesson 29; ``# new:`` marks what the page
needs.

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

opt = settings(
    epochs=10,
    batch_size=200,
    lr=0.05,
    momentum=0.9,
    port=8097,
    long_curve=3000,
    quick={"long_curve": 500},
)
torch.manual_seed(opt.seed)

# %%
# A server and its client
# -----------------------
# Visdom is a small web server (服务器). The lesson is its client (客户端) and sends it
# data. A page in the browser shows the data, each plot in a window that has a name. The
# notes call ``Visdom()``, which needs a server that you started before. ``connect``
# uses such a server, or starts one for this machine only. It prints the address of the
# page. Where no server can run, the lesson trains all the same.

viz = connect(opt.port)  # new:

# %%
# The data and the network are those of lesson 29. ``len(train_loader.dataset)``, which
# the notes use, is the number of samples, and ``len(train_loader)`` that of the
# batches.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)
print("training images:", len(train_loader.dataset), "steps:", len(train_loader))
#: training images: 60000 steps: 300

# %%
# Only the activations between the layers are kept, as in lesson 29.

net = nn.Sequential(
    nn.Flatten(),  # [b, 1, 28, 28] => [b, 784]
    nn.Linear(784, 200),
    nn.LeakyReLU(),
    nn.Linear(200, 200),
    nn.LeakyReLU(),
    nn.Linear(200, 10),  # [b, 200] => [b, 10]
)
for layer in net[1], net[3], net[5]:
    nn.init.kaiming_normal_(layer.weight)
    nn.init.zeros_(layer.bias)
net.to(opt.device)
optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)

# %%
# A text is the simplest window. Visdom reads a text as HTML, where ``<6>`` is an
# unknown tag and disappears. The client of this lesson shows every character as it is.

about = f"{opt.epochs} epochs, lr {opt.lr}\n{net}"
viz.text(about, win="net", opts={"title": "network", "width": 480})  # new:

# %%
# Images and what the network says
# --------------------------------
# ``images`` draws a grid of images, whose pixels have to lie between 0 and 1. The notes
# therefore leave out ``Normalize`` here. In fact the network needs the images that it
# was trained on, so the lesson keeps them normalised and scales a copy for the page.
# The text below the grid holds each prediction at the place of its image, a wrong one
# in ``< >``. A window that is sent again under its name takes the new content.
#
# The notes say that ``argmax(dim=1)`` takes the first dimension. In fact it takes the
# second one, the classes; dimension 0 is the batch.


def predicted_text(predictions, y):
    """Four lines of ten predicted labels, a wrong one in < >."""
    text = ""
    for i in range(40):
        right = predictions[i] == y[i]
        text += f" {predictions[i]}  " if right else f"<{predictions[i]}> "
        if i % 10 == 9:
            text += "\n"
    return text


# %%
# The images and the text have a window each.


def show_digits():
    """Send 40 test images and their predicted labels."""
    x, y = test_set.tensors
    x, y = x[:40], y[:40]
    with torch.no_grad():
        predictions = net(x).argmax(dim=1)  # [40, 1, 28, 28] => [40, 10] => [40]
    pixels = (x - x.min()) / (x.max() - x.min())
    opts = {"title": "test images", "width": 480, "height": 220}
    viz.images(pixels, nrow=10, win="digits", opts=opts)
    opts = {"title": "predicted", "width": 480, "height": 220}
    viz.text(predicted_text(predictions, y), win="predictions", opts=opts)


# %%
# Curves that grow
# ----------------
# ``update="append"`` adds to a plot. A plot of two lines needs one x and a row of two
# values for each step; ``legend`` names the lines. The loss of each training step goes
# through ``point``, which collects the points of one second and sends them in one call.
# The last part of the lesson measures why.

losses, test_losses, accuracies = [], [], []


def train_epoch(epoch):
    net.train()
    for x, y in tqdm(train_loader, f"epoch {epoch}", leave=False, disable=None):
        logits = net(x)  # [b, 1, 28, 28] => [b, 10]
        loss = F.cross_entropy(logits, y)
        losses.append(stop_if_not_finite(loss))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        viz.point("loss", len(losses), losses[-1], {"title": "train loss"})  # new:


# %%
# After each epoch the test scores and the digits are sent.

try:
    for epoch in range(1, opt.epochs + 1):
        train_epoch(epoch)
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
#: epoch  1: accuracy 0.963
#: epoch  2: accuracy 0.968
#: epoch  3: accuracy 0.972
#: epoch  4: accuracy 0.975
#: epoch  5: accuracy 0.978
#: epoch  6: accuracy 0.978
#: epoch  7: accuracy 0.977
#: epoch  8: accuracy 0.980
#: epoch  9: accuracy 0.980
#: epoch 10: accuracy 0.981

# %%
# Sum or mean?
# ------------
# The notes plot the test loss before it is divided, as a sum of the means of the
# batches. In fact this sum grows with the number of batches, and the accuracy beside it
# looks flat. The loss that the notes print is divided by the number of images. So it is
# too small by a factor of the batch size (lesson 26). ``evaluate`` sums over images and
# divides by their number. The table holds both numbers of the notes as multiples of the
# loss:

plotted = {}
for batch_size in 200, 1000:
    total = 0.0
    with torch.no_grad():
        for x, y in batches(test_set, batch_size):
            total += F.cross_entropy(net(x), y).item()
    plotted[batch_size] = total / test_loss
    printed = plotted[batch_size] / len(test_set)
    print(f"batches of {batch_size}: plotted {plotted[batch_size]:.1f}", end=", ")
    print(f"printed {printed:.4f} of the loss")
#: batches of 200: plotted 50.0, printed 0.0050 of the loss
#: batches of 1000: plotted 10.0, printed 0.0010 of the loss

# %%
# One point a call
# ----------------
# The notes append the loss of each step in a call of its own. At every call the server
# copies the plot and compares it with the old one. A call therefore takes longer for a
# longer curve, and all calls for n points take a time that grows with the square of n.
# If each call sends 50 points, there are 50 times fewer calls. ``point`` collects the
# points of one second; on a long curve it waits until the new points make up 2 % of the
# curve.


def append_ms(count):
    """Milliseconds for one more point on a curve of ``count`` points."""
    steps = list(range(count))
    viz.line(steps, steps, win="long")
    start = time.perf_counter()
    for step in range(count, count + 5):
        viz.line([step], [step], win="long", update="append")
    return (time.perf_counter() - start) / 5 * 1000


# %%
# Without a server there is nothing to measure, and ``viz.lost`` says why.

one_append = {}
if not viz.lost:
    for count in 100, opt.long_curve:
        one_append[count] = append_ms(count)
        print(f"one more point on {count}: {one_append[count]:.1f} ms")
    total = one_append[opt.long_curve] / 2 * opt.long_curve / 1000
    print(f"all of them, one a call: {total:.0f} s; 50 a call: {total / 50:.1f} s")
    viz.close("long")
#: one more point on 100: 2.7 ms
#: one more point on 3000: 35.7 ms
#: all of them, one a call: 54 s; 50 a call: 1.1 s

# %%
# Drawn: the same curves as a figure, for readers without a browser.

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
# A server that this lesson started ends with the lesson. At a terminal the page stays
# until you press Enter. Everything is in a log, too. ``python dashboard.py --replay
# LOG`` shows the dashboard again.

viz.finish()  # new:

# %%
# Try it
# ------
# ``python check.py 30`` checks the functions that are named here.
#
# - Predict how the training loss looks for ``--batch-size 20 --lr 0.01``, then watch.
#   Then write ``points_copied``, the work of the server for a whole curve.
# - Change the given ``calls_for`` until every point is sent.
# - Build ``smoothed``, the moving average that many dashboards draw over a curve.
