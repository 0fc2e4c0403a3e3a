"""
Lesson 5: a first look at the whole way (手写数字识别问题)
==========================================================

Handwritten digits go in, a number from 0 to 9 comes out. Every step of the way is in
this one script, in its long form; later lessons take the steps apart one by one.

:Notes: lesson5 手写数字识别问题
:Needs: nothing
:Run: ``python lessons/lesson05_mnist_first_look.py``
"""

import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

from utils import (
    mnist_folder,
    one_hot,
    plot_curve,
    plot_image,
    settings,
    stop_if_not_finite,
)

opt = settings(epochs=3, batch_size=512, lr=0.01, momentum=0.9)
torch.manual_seed(opt.seed)

# %%
# Step 1: the data
# ----------------
# Pixels are bytes from 0 to 255. ``ToTensor`` makes them floats from 0 to 1, and
# ``Normalize`` subtracts the mean and divides by the standard deviation of all training
# pixels, so that inputs lie around zero, where networks learn fastest.

transform = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
)
with mnist_folder(opt.data) as folder:  # the archives of data/, nothing is downloaded
    train_set = datasets.MNIST(folder, train=True, download=True, transform=transform)
    test_set = datasets.MNIST(folder, train=False, download=True, transform=transform)
print(len(train_set), len(test_set))
#: 60000 10000

# %%
# Where do 0.1307 and 0.3081 come from? From the 47 million training pixels themselves.

pixels = train_set.data / 255  # uint8 => float32, [60000, 28, 28]
print(f"mean {pixels.mean():.4f}, standard deviation {pixels.std():.4f}")
#: mean 0.1307, standard deviation 0.3081

# %%
# A ``DataLoader`` puts samples together into batches: in a new random order each epoch
# for training, always in the same order for testing.

if opt.quick:
    train_set, test_set = Subset(train_set, range(512)), Subset(test_set, range(256))
train_loader = DataLoader(train_set, opt.batch_size, shuffle=True)
test_loader = DataLoader(test_set, opt.batch_size)

x, y = next(iter(train_loader))
print(x.shape, y.shape)  # [b, c, h, w] and [b]
#: torch.Size([512, 1, 28, 28]) torch.Size([512])
print(f"pixels from {x.min():.3f} to {x.max():.3f}")
#: pixels from -0.424 to 2.821
plot_image(x, y, "image sample")

# %%
# Step 2: the network
# -------------------
# Three linear layers, x·w + b each, with a ReLU between them. 784 inputs and 10 outputs
# are given by the task; 256 and 64 are a choice. The last layer has no activation: its
# ten numbers may be anything.


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 256)
        self.fc2 = nn.Linear(256, 64)
        self.fc3 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.fc1(x))  # [b, 784] => [b, 256]
        x = F.relu(self.fc2(x))  # => [b, 64]
        return self.fc3(x)  # => [b, 10]


net = Net().to(opt.device)
optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)

# %%
# Step 3: the target
# ------------------
# A digit is a class, not a quantity: where 8 is right, 7 is no better an answer than 1.
# As one-hot rows all classes are equally far from each other, and the network's ten
# outputs have ten numbers to be compared with.

print(one_hot(torch.tensor([3, 0])))
#: tensor([[0., 0., 0., 1., 0., 0., 0., 0., 0., 0.],
#:         [1., 0., 0., 0., 0., 0., 0., 0., 0., 0.]])

# %%
# The helper in the notes copies labels with ``torch.LongTensor(label)``. That takes
# int64 labels in main memory only; the one in ``utils.py`` takes the others as well.

print(one_hot(torch.tensor([1], dtype=torch.int32), depth=3))
#: tensor([[0., 1., 0.]])
try:
    torch.LongTensor(torch.tensor([1], dtype=torch.int32))
except (TypeError, RuntimeError) as error:
    print(type(error).__name__)
#: TypeError

# %%
# Step 4: training
# ----------------
# One epoch goes over all 60000 images once, in steps of a batch. Each step computes the
# outputs, their mean squared distance to the targets, the gradient of that loss for
# every weight, and moves each weight a little against its gradient.

losses = []
for epoch in range(1, opt.epochs + 1):
    for x, y in train_loader:
        x, y = x.to(opt.device), y.to(opt.device)
        x = x.view(len(x), 28 * 28)  # [b, 1, 28, 28] => [b, 784]
        out = net(x)  # => [b, 10]
        loss = F.mse_loss(out, one_hot(y))
        losses.append(stop_if_not_finite(loss))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: loss {losses[-1]:.3f}")
#: epoch 1: loss 0.050
#: epoch 2: loss 0.033
#: epoch 3: loss 0.030
plot_curve(losses, "loss", ylabel="mean squared error")

# %%
# Step 5: testing
# ---------------
# What counts is how the network does on images that it was not trained on. Its answer
# is the position of the largest of the ten outputs.

correct = 0
with torch.no_grad():
    for x, y in test_loader:
        out = net(x.to(opt.device).view(len(x), 28 * 28))
        predictions = out.argmax(dim=1).cpu()  # [b, 10] => [b]
        correct += (predictions == y).sum().item()
accuracy = correct / len(test_set)
print(f"test accuracy {accuracy:.3f}")
#: test accuracy 0.889

# %%
# Six images of the last test batch, with what the network makes of them.

plot_image(x, predictions, "test")

# %%
# Try it
# ------
# - Predict the number of entries in ``losses``, then print it.
# - Change the loss to ``F.cross_entropy(out, y)``. What happens to the accuracy?
#   (Lesson 25 says why.)
# - Build a deeper network, with a fourth layer. Does it help within three epochs?
