"""
Lesson 29: an MLP that reads digits (MNIST)
===========================================

The whole way: accuracy step by step, a network trained on all of MNIST on whatever
device there is, a look at its mistakes, and a model that is saved and loaded again.

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
# Four samples, three classes. The class with the largest logit is the prediction.
# Softmax turns logits into probabilities and keeps their order, so ``argmax`` gives the
# same answer on both, and softmax is not needed to predict.

logits = torch.tensor(
    [[0.1, 2.0, 0.3], [1.5, 0.2, 0.1], [0.0, 0.4, 0.9], [0.6, 0.5, 0.4]]
)  # [b, k]
labels = torch.tensor([1, 0, 1, 0])
probabilities = F.softmax(logits, dim=1)
predictions = probabilities.argmax(dim=1)  # [b, k] => [b]
print(predictions, torch.equal(predictions, logits.argmax(dim=1)))
#: tensor([1, 0, 2, 0]) True

# %%
# The notes say that ``torch.eq`` gives a tensor of bytes. It gives bools; their sum
# counts the true ones, and ``item`` takes the number out of the tensor.

correct = torch.eq(predictions, labels)
print(correct, correct.dtype)
#: tensor([ True,  True, False,  True]) torch.bool
print(correct.sum(), correct.sum().item() / len(labels))
#: tensor(3) 0.75

# %%
# The data and the network
# ------------------------
# All images are decoded and normalised once, and live on the device from the start.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)
print(f"{len(train_set)} training images: {len(train_loader)} steps an epoch")
#: 60000 training images: 300 steps an epoch

# %%
# The notes say ``nn.LeakyReLU`` after the last layer as well; lesson 28 measures what
# that costs. Logits have to be free to go far below zero, so here the activation stands
# between the layers only. ``kaiming_normal_`` (lesson 26) fits the first weights to the
# size of their inputs.


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
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net.to(opt.device)


net = mlp()
optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)

# %%
# Going on from a checkpoint
# --------------------------
# A checkpoint holds the weights, the optimizer's momentum and the number of epochs
# done. ``weights_only=True`` reads tensors and plain values and refuses to run any code
# that a file from elsewhere may contain.


def save_checkpoint(epochs_done):
    state = {
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epochs_done": epochs_done,
    }
    return save("checkpoint.pt", lambda path: torch.save(state, path))


epochs_done = 0
if opt.resume:
    try:
        state = torch.load(opt.resume, map_location=opt.device, weights_only=True)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        epochs_done = state["epochs_done"]
    except Exception as error:  # every kind of damage raises an error of its own
        reason = " ".join(str(error).split())[:200]
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
# Forward, loss, clear the gradients, backward, step: the loop of every later lesson.
# ``finite`` reads the loss and ends the run if it is NaN, before anything is trained on
# it.


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
# Ctrl-C keeps the weights as they are at that moment; ``--resume`` goes on from them.

losses, test_losses, accuracies, epoch_seconds = [], [], [], []
try:
    for epoch in range(epochs_done + 1, opt.epochs + 1):
        start = time.perf_counter()
        epoch_losses = train_epoch(epoch)
        epoch_seconds.append(time.perf_counter() - start)
        epochs_done = epoch
        losses += epoch_losses
        test_loss, accuracy = evaluate(net, test_loader)
        test_losses.append(test_loss)
        accuracies.append(accuracy)
        train_loss = sum(epoch_losses) / len(epoch_losses)
        print(
            f"epoch {epoch:2d}: train loss {train_loss:.3f}, "
            f"test loss {test_loss:.3f}, accuracy {accuracy:.3f}, "
            f"{epoch_seconds[-1]:.1f} s"
        )
        path = save_checkpoint(epochs_done)
except KeyboardInterrupt:
    path = save_checkpoint(epochs_done)
    kept = f"go on with --resume {path}" if path else "nothing could be kept"
    stop(f"stopped after {epochs_done} whole epochs; {kept}", status=130)
#: epoch  1: train loss 0.244, test loss 0.124, accuracy 0.961, 1.2 s
#: epoch  2: train loss 0.088, test loss 0.102, accuracy 0.968, 1.0 s
#: epoch  3: train loss 0.059, test loss 0.082, accuracy 0.976, 1.0 s
#: epoch  4: train loss 0.039, test loss 0.076, accuracy 0.977, 0.9 s
#: epoch  5: train loss 0.028, test loss 0.081, accuracy 0.977, 1.0 s
#: epoch  6: train loss 0.023, test loss 0.081, accuracy 0.979, 0.9 s
#: epoch  7: train loss 0.013, test loss 0.085, accuracy 0.979, 0.9 s
#: epoch  8: train loss 0.009, test loss 0.077, accuracy 0.981, 0.9 s
#: epoch  9: train loss 0.005, test loss 0.083, accuracy 0.979, 0.9 s
#: epoch 10: train loss 0.003, test loss 0.075, accuracy 0.983, 0.9 s

# %%
# After the fourth epoch the training loss goes on falling and the test loss does not:
# the network grows ever surer of images that it has seen before (lesson 31).

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
# Row: what the image shows. Column: what the network says. The diagonal is right; it is
# left out, since its numbers around 1000 would hide all the others.

with torch.no_grad():
    x, y = test_set.tensors
    logits = net(x)  # [10000, 10], all test images at once
    predictions = logits.argmax(dim=1)
    sample_losses = F.cross_entropy(logits, y, reduction="none")  # [10000]
confusion = torch.bincount(y * 10 + predictions, minlength=100).view(10, 10).cpu()
mistakes = confusion - torch.diag(confusion.diagonal())

plt.figure()
plt.imshow(mistakes, cmap="Blues", vmax=2 * mistakes.max())
for row in range(10):
    for column in range(10):
        if count := mistakes[row, column].item():
            plt.text(column, row, count, ha="center", va="center", fontsize=8)
plt.xticks(range(10))
plt.yticks(range(10))
plt.xlabel("predicted")
plt.ylabel("label")
show("confusion")

# %%
# The largest loss belongs to the mistake of which the network was surest. Many of these
# twelve are hard for people, too.

worst = sample_losses.topk(12).indices
captions = [f"{predictions[i]}, is {y[i]}" for i in worst]
plot_image(x[worst], captions, "says", count=12)

# %%
# The saved model gives the same answers
# --------------------------------------
# A new network with other random weights takes over the saved ones.

if path:
    twin = mlp()
    state = torch.load(path, map_location=opt.device, weights_only=True)
    twin.load_state_dict(state["net"])
    print(evaluate(twin, test_loader) == (test_loss, accuracy))
#: True

# %%
# Try it
# ------
# - Predict the number of steps an epoch with ``--batch-size 7``, then run it. What does
#   the last batch hold?
# - Change ``--lr`` to 0.5, then to 5. Which of the two still learns, and what does the
#   other say?
# - Build a network of one linear layer, without activations. How far does it get?
