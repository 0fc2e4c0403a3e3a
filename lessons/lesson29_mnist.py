"""
Lesson 29: an MLP that reads digits (MNIST)
===========================================

The main lesson. It computes the accuracy step by step, trains a network on all of MNIST
on the device that is there, looks at its mistakes, and saves and loads the model.

:Notes: lesson29 MNIST
:Needs: lessons 26 to 28
:Run: ``python lessons/lesson29_mnist.py``
"""

import time

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from tqdm import tqdm

from utils import (
    batches,
    evaluate,
    mnist,
    plot_image,
    save,
    settings,
    show,
    stop,
    stop_if_not_finite,
)

opt = settings(epochs=10, batch_size=200, lr=0.05, momentum=0.9, resume="")
torch.manual_seed(opt.seed)

# %%
# Accuracy, one step at a time
# ----------------------------
# Here are the logits of four samples and three classes. The class with the largest
# logit is the prediction. Softmax turns logits into probabilities and keeps their
# order. So ``argmax`` gives the same answer on both, and you need no softmax to
# predict.

logits = torch.tensor(
    [[0.1, 2.0, 0.3], [1.5, 0.2, 0.1], [0.0, 0.4, 0.9], [0.6, 0.5, 0.4]]
)  # [b, k]
labels = torch.tensor([1, 0, 1, 0])
probabilities = F.softmax(logits, dim=1)
predictions = probabilities.argmax(dim=1)  # [b, k] => [b]
print("predictions:", predictions)
#: predictions: tensor([1, 0, 2, 0])
print("the same from the logits:", torch.equal(predictions, logits.argmax(dim=1)))
#: the same from the logits: True

# %%
# The notes say that ``torch.eq`` gives a tensor of bytes. In fact it gives bools. Their
# sum counts the true ones, and ``item`` takes the number out of the tensor. The
# accuracy (准确率) is this number divided by the number of samples.

correct = torch.eq(predictions, labels)
print(correct, correct.dtype)
#: tensor([ True,  True, False,  True]) torch.bool
print("correct:", correct.sum(), "accuracy:", correct.sum().item() / len(labels))
#: correct: tensor(3) accuracy: 0.75

# %%
# The data and the network
# ------------------------
# All images are decoded and normalised once, and stay on the device.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)
print(f"{len(train_set)} training images: {len(train_loader)} steps an epoch")
#: 60000 training images: 300 steps an epoch

# %%
# The notes put ``nn.LeakyReLU`` after the last layer as well. In fact that delays the
# first epochs if the rate is small, and it never helps (lesson 28). So here the
# activation stands between the layers only. ``kaiming_normal_`` (lesson 26) gives each
# layer first weights of a size that fits the number of its inputs.


def mlp():
    """Three linear layers: images [b, 1, 28, 28] to logits [b, 10]."""
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
    return net.to(opt.device)


# %%
# The optimizer is that of lesson 5, with a larger learning rate.

net = mlp()
optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)

# %%
# Going on from a checkpoint
# --------------------------
# A checkpoint (检查点) holds the weights, the optimizer's momentum and the number of
# the epochs that are done.


def save_checkpoint(epochs_done):
    state = {
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epochs_done": epochs_done,
    }
    return save("checkpoint.pt", lambda path: torch.save(state, path))


# %%
# With ``--resume FILE`` the training goes on from a checkpoint. ``weights_only=True``
# reads tensors and plain values. It refuses to run any code that a file may contain.


def load_checkpoint(path):
    """Set the network and the optimizer; gives back the number of epochs done."""
    state = torch.load(path, map_location=opt.device, weights_only=True)
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["optimizer"])
    if "momentum" not in optimizer.param_groups[0]:
        raise ValueError("it belongs to another optimizer")
    return state["epochs_done"]


# %%
# A file that is no checkpoint ends the run with one line.

epochs_done = 0
if opt.resume:
    try:
        epochs_done = load_checkpoint(opt.resume)
    except Exception as error:  # every kind of damage raises an error of its own
        reason = str(error).partition("\n")[0].partition(". ")[0]
        stop(
            f"--resume {opt.resume} is no checkpoint of this lesson ({reason}); "
            "a run without --resume writes one",
            status=2,
        )
    if epochs_done >= opt.epochs:
        stop(f"all {epochs_done} epochs are done; --epochs takes a larger number", 2)

# %%
# Training
# --------
# Each step computes the logits and the loss, clears the old gradients, computes the new
# ones and changes the weights. All later lessons that train a network have this loop.
# The helper ``stop_if_not_finite`` ends the run if the loss is NaN, before the weights
# are changed.


def train_epoch(epoch):
    """Train on every batch once; returns the loss of each step."""
    net.train()
    losses = []
    for x, y in tqdm(train_loader, f"epoch {epoch}", leave=False, disable=None):
        logits = net(x)  # [b, 1, 28, 28] => [b, 10]
        loss = F.cross_entropy(logits, y)
        losses.append(stop_if_not_finite(loss))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


# %%
# After each epoch the network is tested, the scores are printed, and a checkpoint is
# saved.

losses, test_losses, accuracies, epoch_seconds = [], [], [], []


def report(epoch, epoch_losses):
    """Test the network; print and keep the scores of an epoch."""
    test_loss, accuracy = evaluate(net, test_loader)
    losses.extend(epoch_losses)
    test_losses.append(test_loss)
    accuracies.append(accuracy)
    train_loss = sum(epoch_losses) / len(epoch_losses)
    print(f"epoch {epoch:2d}: train loss {train_loss:.3f}", end=", ")
    print(f"accuracy {accuracy:.3f}, {epoch_seconds[-1]:.1f} s")


# %%
# Ctrl-C keeps the weights as they are at that moment; ``--resume`` goes on from them.

try:
    for epoch in range(epochs_done + 1, opt.epochs + 1):
        start = time.perf_counter()
        epoch_losses = train_epoch(epoch)
        epoch_seconds.append(time.perf_counter() - start)
        epochs_done = epoch
        report(epoch, epoch_losses)
        path = save_checkpoint(epochs_done)
except KeyboardInterrupt:
    path = save_checkpoint(epochs_done)
    kept = f"go on with --resume {path}" if path else "nothing could be kept"
    stop(f"stopped after {epochs_done} whole epochs; {kept}", status=130)
#: epoch  1: train loss 0.250, accuracy 0.963, 0.8 s
#: epoch  2: train loss 0.090, accuracy 0.968, 0.8 s
#: epoch  3: train loss 0.059, accuracy 0.972, 0.8 s
#: epoch  4: train loss 0.042, accuracy 0.975, 0.8 s
#: epoch  5: train loss 0.030, accuracy 0.978, 0.8 s
#: epoch  6: train loss 0.020, accuracy 0.978, 0.8 s
#: epoch  7: train loss 0.013, accuracy 0.977, 0.8 s
#: epoch  8: train loss 0.009, accuracy 0.980, 0.8 s
#: epoch  9: train loss 0.005, accuracy 0.980, 0.8 s
#: epoch 10: train loss 0.003, accuracy 0.981, 0.8 s
accuracy = accuracies[-1]

# %%
# The test loss of a single epoch changes by up to 0.01 if the processor adds in another
# order. Another number of threads is enough, so ``settings`` asks for two and not for
# all. A long training makes small rounding errors large. A mean over several epochs is
# steadier.

last_epochs = test_losses[-5:]
mean_test_loss = sum(last_epochs) / len(last_epochs)
print(f"mean test loss of the last {len(last_epochs)} epochs: {mean_test_loss:.3f}")
#: mean test loss of the last 5 epochs: 0.080

# %%
# After the fifth epoch the training loss still falls, but the test loss does not. The
# network becomes more confident on images that it has seen before (lesson 31).

# %%
# Drawn: the loss of each training batch, and the test loss of each epoch.

epoch_ends = [len(train_loader) * (i + 1) for i in range(len(test_losses))]
plt.figure()
plt.plot(losses, linewidth=0.5, alpha=0.6, label="training batch")
plt.plot(epoch_ends, test_losses, marker="o", label="test set")
plt.yscale("log")
plt.xlabel("step")
plt.ylabel("cross entropy")
plt.legend()
show("loss")

# %%
# What it gets wrong
# ------------------
# The confusion matrix (混淆矩阵) counts how often the network predicts each class for
# each label. A row is a label, a column a prediction. The diagonal holds the correct
# predictions.

with torch.no_grad():
    x, y = test_set.tensors
    logits = net(x)  # [10000, 10], all test images at once
    predictions = logits.argmax(dim=1)
    sample_losses = F.cross_entropy(logits, y, reduction="none")  # [10000]
confusion = torch.bincount(y * 10 + predictions, minlength=100).view(10, 10).cpu()
mistakes = confusion - torch.diag(confusion.diagonal())
print(f"on the diagonal: {confusion.diagonal().sum() / len(y):.3f} of all")
#: on the diagonal: 0.981 of all

# %%
# Drawn: the mistakes. The diagonal is left out, because its numbers around 1000 would
# hide all the others.

plt.figure()
plt.imshow(mistakes, cmap="Blues", vmax=2 * mistakes.max())
for row in range(10):
    for column in range(10):
        count = mistakes[row, column].item()
        if count > 0:
            plt.text(column, row, count, ha="center", va="center", fontsize=8)
plt.xticks(range(10))
plt.yticks(range(10))
plt.xlabel("predicted")
plt.ylabel("label")
show("confusion")

# %%
# Drawn: the twelve images with the largest loss. The network gave their labels the
# smallest probabilities. Many of them are hard for people, too. On the site's page
# "Draw a digit" this network answers to digits that you draw yourself.

worst = sample_losses.topk(12).indices
captions = [f"{predictions[i]}, is {y[i]}" for i in worst]
plot_image(x[worst], captions, "says", count=12)

# %%
# The saved model gives the same answers
# --------------------------------------
# A new network has other random weights. With the saved weights it gives the same
# scores.

if path:
    twin = mlp()
    state = torch.load(path, map_location=opt.device, weights_only=True)
    twin.load_state_dict(state["net"])
    same = evaluate(twin, test_loader) == (test_losses[-1], accuracy)
    print("the same scores:", same)
#: the same scores: True

# %%
# Try it
# ------
# ``python check.py 29`` checks the functions that are named here.
#
# - Predict the number of steps of ``--batch-size 7 --lr 0.005 --epochs 1``, then run
#   it. How many images does the last batch hold? Then write ``last_batch``.
# - Change the learning rate with ``--lr 0.2``, then with ``--lr 0.5``. Which of the two
#   still learns, and what does the other run say? Then change the given ``mean_loss``
#   until each image counts alike.
# - Build ``confusion_matrix``, a table of which digit is taken for which.
