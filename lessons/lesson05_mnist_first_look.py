"""
Lesson 5: a first look at handwritten digits (手写数字识别问题)
===============================================================

A neural network (神经网络) reads the image of a handwritten digit and predicts which
digit it is. This script shows every step in its long form, and later lessons explain
the steps.

:Notes: lesson5 手写数字识别问题
:Needs: lesson 0
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

opt = settings(
    epochs=3,
    batch_size=512,
    lr=0.01,
    momentum=0.9,
    images=60_000,
    seeds=3,
    quick={"images": 512, "seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# Step 1: the data
# ----------------
# MNIST is a data set (数据集) of 70000 images of handwritten digits. A model learns
# from the 60000 images of the training set (训练集). The 10000 images of the test set
# (测试集) show what it has learned.
#
# The notes say that the downloaded images are NumPy arrays. In fact each is an object
# of PIL, Python's usual library for images.

with mnist_folder(opt.data) as folder:  # the archives of data/, nothing is downloaded
    train_set = datasets.MNIST(folder, train=True, download=True)
    test_set = datasets.MNIST(folder, train=False, download=True)
print(len(train_set), len(test_set))
#: 60000 10000
image, label = train_set[0]
print(type(image), image.size, "label", label)
#: <class 'PIL.Image.Image'> (28, 28) label 5

# %%
# A transform (变换) changes each image when it is read. Pixels (像素) are bytes from 0
# to 255. ``ToTensor`` makes them floats from 0 to 1. ``Normalize`` subtracts the mean
# of all training pixels and divides by their standard deviation, which is called
# normalisation (归一化). The notes pass the transform to ``MNIST`` as ``transform=``,
# which has the same effect.

transform = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
)
train_set.transform = transform
test_set.transform = transform
image, label = train_set[0]
print(image.shape, f"{image.min():.3f} to {image.max():.3f}")  # [c, h, w]
#: torch.Size([1, 28, 28]) -0.424 to 2.821

# %%
# The two constants are the mean and the standard deviation of the 47 million training
# pixels.
#
# The notes say that the normalised pixels are uniformly distributed (均匀分布) around
# 0. In fact ``Normalize`` only shifts and scales them, to mean 0 and standard deviation
# 1. Most pixels are the black background and have the same value.

pixels = train_set.data / 255  # uint8 => float32, [60000, 28, 28]
print(f"mean {pixels.mean():.4f}, standard deviation {pixels.std():.4f}")
#: mean 0.1307, standard deviation 0.3081
background = (0 - 0.1307) / 0.3081
share = (pixels == 0).float().mean()
print(f"{share:.0%} of the pixels have the value {background:.3f}")
#: 81% of the pixels have the value -0.424

# %%
# A ``DataLoader`` collects samples into batches. Training batches are drawn in a new
# random order in each epoch, and test batches always come in the same order. ``Subset``
# takes the first ``opt.images`` of the images; by default these are all. The number of
# samples is ``len(loader.dataset)``.
#
# A ``DataLoader`` with ``num_workers=2`` loads in two other processes. On Windows, on
# macOS, and with Python 3.14 on Linux, these processes import the script again. So its
# code has to stand behind ``if __name__ == "__main__":``. The lessons are flat scripts
# and use no workers.

train_loader = DataLoader(
    Subset(train_set, range(opt.images)), opt.batch_size, shuffle=True
)
test_loader = DataLoader(test_set, opt.batch_size)
print(len(train_loader), "batches of", len(train_loader.dataset), "training images")
#: 118 batches of 60000 training images
x, y = next(iter(train_loader))
print(x.shape, y.shape)  # [b, c, h, w] and [b]
#: torch.Size([512, 1, 28, 28]) torch.Size([512])
print(f"pixels from {x.min():.3f} to {x.max():.3f}")
#: pixels from -0.424 to 2.821

# %%
# Drawn: the first six images of the batch with their labels (标签).

plot_image(x, y, "image sample")

# %%
# Step 2: the network
# -------------------
# The network has three linear layers (线性层), and each computes x·w + b with a weight
# w and a bias (偏置) b. The task fixes the 784 inputs and the 10 outputs, while 256 and
# 64 are a choice. ReLU (线性整流函数) is max(0, x). It stands between the layers, since
# two linear layers in a row are only one linear function. The last layer has no ReLU,
# so its ten outputs can be any numbers.


class Net(nn.Module):
    def __init__(self):
        super().__init__()  # the notes' super(Net, self).__init__() does the same
        self.fc1 = nn.Linear(28 * 28, 256)
        self.fc2 = nn.Linear(256, 64)
        self.fc3 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.fc1(x))  # [b, 784] => [b, 256]
        x = F.relu(self.fc2(x))  # => [b, 64]
        return self.fc3(x)  # => [b, 10]


net = Net().to(opt.device)

# %%
# The notes say that a fully connected network (全连接网络) accepts only tensors of two
# dimensions. In fact only the last size has to fit, and the network keeps the
# dimensions before it (lesson 27).

print(net(torch.zeros(5, 7, 784, device=opt.device)).shape)  # [5, 7, 784] => [5, 7, 10]
#: torch.Size([5, 7, 10])

# %%
# Step 3: the target
# ------------------
# The target (目标) is the output that the network should give. A digit is a class, not
# a quantity. Where 8 is right, 7 and 1 are equally wrong. One-hot rows treat all
# classes alike, and their ten numbers are compared with the network's ten outputs.

print(one_hot(torch.tensor([3, 0])))
#: tensor([[0., 0., 0., 1., 0., 0., 0., 0., 0., 0.],
#:         [1., 0., 0., 0., 0., 0., 0., 0., 0., 0.]])

# %%
# The helper ``one_hot`` in the notes copies the labels with
# ``torch.LongTensor(label)``. That works only for int64 labels on the CPU. ``one_hot``
# in ``utils.py`` takes labels of all integer types of lesson 6, on every device.

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
# Each step computes the outputs and their mean squared error (均方误差) to the targets.
# ``backward`` computes the gradient of this loss for every weight. The optimizer is SGD
# (随机梯度下降): it moves each weight against its gradient. With momentum (动量) each
# step also repeats 0.9 of the movement of the step before (lesson 34).

optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
losses = []
for epoch in range(1, opt.epochs + 1):
    for x, y in train_loader:
        x, y = x.to(opt.device), y.to(opt.device)
        x = x.view(len(x), 28 * 28)  # [b, 1, 28, 28] => [b, 784]
        out = net(x)  # => [b, 10]
        loss = F.mse_loss(out, one_hot(y))
        losses.append(stop_if_not_finite(loss))  # the loss as a number
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: loss {losses[-1]:.3f}")
#: epoch 1: loss 0.050
#: epoch 2: loss 0.033
#: epoch 3: loss 0.030

# %%
# Drawn: the loss of every step.

plot_curve(losses, "loss", ylabel="mean squared error")

# %%
# Step 5: testing
# ---------------
# The result that counts is the accuracy (准确率) on the test set, the share of images
# that the network predicts correctly. The prediction (预测) is the position of the
# largest of the ten outputs. ``no_grad`` tells PyTorch that no gradients are needed,
# which saves time and memory.

correct = 0
with torch.no_grad():
    for x, y in test_loader:
        x = x.to(opt.device).view(len(x), 28 * 28)
        predictions = net(x).argmax(dim=1).cpu()  # [b, 10] => [b]
        correct += (predictions == y).sum().item()
accuracy = correct / len(test_loader.dataset)
print(f"test accuracy {accuracy:.3f}")
#: test accuracy 0.889

# %%
# Drawn: the first six test images with the network's predictions.

x, y = next(iter(test_loader))
predictions = net(x.to(opt.device).view(len(x), 28 * 28)).argmax(dim=1)
plot_image(x, predictions, "test")

# %%
# Does normalisation help?
# ------------------------
# The notes say that normalisation makes the performance better. The function below
# trains the same network for one epoch, after it has subtracted ``mean`` from the
# pixels and divided them by ``std``. A mean of 0 and a standard deviation of 1 leave
# the pixels from 0 to 1.

images = train_set.data[: opt.images].view(-1, 28 * 28).to(opt.device) / 255
targets = one_hot(train_set.targets[: opt.images]).to(opt.device)
test_images = test_set.data.view(-1, 28 * 28).to(opt.device) / 255
test_labels = test_set.targets.to(opt.device)


def accuracy_after_one_epoch(mean, std, lr, seed):
    torch.manual_seed(opt.seed + seed)
    net = Net().to(opt.device)
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=opt.momentum)
    for rows in torch.randperm(len(images)).split(opt.batch_size):
        loss = F.mse_loss(net((images[rows] - mean) / std), targets[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    predictions = net((test_images - mean) / std).argmax(dim=1)
    return (predictions == test_labels).float().mean().item()


# %%
# In fact it depends on the learning rate. At the notes' rate of 0.01, normalised pixels
# are far ahead after this epoch. With the best of three rates for each kind, both reach
# the same accuracy. A larger rate is worse for each: 3.0 for pixels from 0 to 1, and
# 2.0 for normalised pixels. Normalised pixels are about three times as large, so a
# smaller rate is enough for them.

raw, normalised = {}, {}  # mean accuracies by learning rate
for lr in 0.01, 0.5, 2.0:
    found = [accuracy_after_one_epoch(0, 1, lr, seed) for seed in range(opt.seeds)]
    raw[lr] = sum(found) / opt.seeds
    print(f"pixels from 0 to 1, lr {lr}: {raw[lr]:.3f}")
#: pixels from 0 to 1, lr 0.01: 0.589
#: pixels from 0 to 1, lr 0.5: 0.934
#: pixels from 0 to 1, lr 2.0: 0.962
for lr in 0.01, 0.3, 1.0:
    found = [
        accuracy_after_one_epoch(0.1307, 0.3081, lr, seed) for seed in range(opt.seeds)
    ]
    normalised[lr] = sum(found) / opt.seeds
    print(f"normalised pixels, lr {lr}: {normalised[lr]:.3f}")
#: normalised pixels, lr 0.01: 0.784
#: normalised pixels, lr 0.3: 0.947
#: normalised pixels, lr 1.0: 0.962

# %%
# Try it
# ------
# ``python check.py 5`` checks the functions that are named here.
#
# - Predict the number of entries in ``losses``, then print it.
# - Change the loss to ``F.cross_entropy(out, y)``. Is the accuracy higher (lesson 25
#   says why)? Then correct the given ``accuracy_of``.
# - Build ``train_epoch_mse``, one epoch of the training above as a function.
