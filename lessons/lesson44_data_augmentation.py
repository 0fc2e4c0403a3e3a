"""
Lesson 44: data augmentation (数据增强)
=======================================

A digit that is moved a little is the same digit, and another image to learn from. A
change helps where it keeps the meaning, and harms where it does not.

:Notes: 数据增强
:Needs: lessons 31, 35 and 38
:Run: ``python lessons/lesson44_data_augmentation.py``
"""

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import TensorDataset
from torchvision.transforms import v2

from utils import (
    MNIST_MEAN,
    MNIST_STD,
    batches,
    evaluate,
    mnist,
    settings,
    show,
    stop_if_not_finite,
)

opt = settings(epochs=20, batch_size=50, lr=0.05, momentum=0.9, seeds=3)
torch.manual_seed(opt.seed)

# %%
# What transforms do
# ------------------
# ``torchvision.transforms.v2`` works on tensors [..., c, h, w], so on whole batches as
# well. ``BLACK`` is what comes in from outside the image: 0 before normalisation.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
BLACK = -MNIST_MEAN / MNIST_STD

# %%
# The notes say ``Resize([32, 32])`` cuts an image out. It scales the whole image to the
# new size; ``RandomCrop`` cuts. One after the other they shift the image a little, and
# make it larger.

x = train_set.tensors[0][:4]  # [b, 1, 28, 28]
larger = v2.Resize([32, 32])(x)
print(larger.shape, v2.RandomCrop([28, 28])(larger).shape)
#: torch.Size([4, 1, 32, 32]) torch.Size([4, 1, 28, 28])
shown = F.interpolate(larger, size=[28, 28], mode="bilinear", antialias=True)
print(f"the whole image is still there: {(shown - x).abs().mean() < 0.1}")
#: the whole image is still there: True

# %%
# The notes say ``RandomRotation([90, 180, 270])`` for one of three angles. It takes a
# range, two numbers. One of three is ``RandomChoice``.

try:
    v2.RandomRotation([90, 180, 270])
except ValueError as error:
    print(error)
#: degrees should be a sequence of length 2.
quarter_turns = v2.RandomChoice([v2.RandomRotation([a, a]) for a in (90, 180, 270)])

# %%
# One digit through each transform, six times. At each call a transform draws anew what
# it does; all images of a batch that it is given move alike.

transforms = {
    "horizontal flip": v2.RandomHorizontalFlip(),
    "vertical flip": v2.RandomVerticalFlip(),
    "rotation ±15°": v2.RandomRotation(15, fill=BLACK),
    "quarter turns": quarter_turns,
    "resize and crop": v2.Compose([v2.Resize([32, 32]), v2.RandomCrop([28, 28])]),
    "shift": v2.RandomAffine(0, translate=(0.1, 0.1), fill=BLACK),
    "noise": v2.GaussianNoise(sigma=0.5, clip=False),
    "erasing": v2.RandomErasing(p=1.0, scale=(0.02, 0.15), value=BLACK),
}
figure, axes = plt.subplots(len(transforms), 7, figsize=(7, 8.5))
for row, (name, transform) in zip(axes, transforms.items(), strict=True):
    images = [x[0], *(transform(x[0]) for _ in range(6))]
    for ax, image in zip(row, images, strict=True):
        ax.imshow(image[0].cpu(), cmap="gray", vmin=BLACK, vmax=2.8)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center")
axes[0, 0].set_title("original")
show("augmentations")

# %%
# The experiment
# --------------
# 1000 images to train on, a small CNN, and the same number of steps for each transform.
# It is applied to training batches alone: a test set has to stay what it is, or its
# accuracy says nothing. Three seeds, since 1000 images leave much to chance.

small = [t[:1000] for t in train_set.tensors]
train_loader = batches(TensorDataset(*small), opt.batch_size, shuffle=True)
test_loader = batches(test_set, batch_size=1000)
names = ["shift", "rotation ±15°", "horizontal flip", "vertical flip"]
experiments = {"none": nn.Identity()} | {name: transforms[name] for name in names}


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),  # [b, 1, 28, 28] => [b, 8, 14, 14]
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),  # => [b, 16, 7, 7]
        nn.ReLU(),
        nn.Flatten(),  # => [b, 784]
        nn.Linear(784, 64),
        nn.ReLU(),
        nn.Linear(64, 10),  # => [b, 10]
    ).to(opt.device)


def train(transform, seed):
    """Test accuracy after every fifth epoch, with ``transform`` on training images."""
    torch.manual_seed(seed)
    net = cnn()
    optimizer = optim.SGD(net.parameters(), lr=opt.lr, momentum=opt.momentum)
    accuracies = []
    for epoch in range(1, opt.epochs + 1):
        for x, y in train_loader:
            x = torch.cat([transform(part) for part in x.split(10)])  # 5 draws a batch
            loss = F.cross_entropy(net(x), y)
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 0 or epoch == opt.epochs:
            accuracies.append(evaluate(net, test_loader)[1])
    return torch.tensor(accuracies)


# %%

curves = {}
for name, transform in experiments.items():
    runs = [
        train(transform, opt.seed + i) for i in range(1 if opt.quick else opt.seeds)
    ]
    curves[name] = torch.stack(runs)  # [seeds, measurements]
    last = curves[name][:, -1]
    print(
        f"{name:16s} {last.mean():.3f}, seeds from {last.min():.3f} to {last.max():.3f}"
    )
#: none             0.900, seeds from 0.890 to 0.920
#: shift            0.925, seeds from 0.919 to 0.936
#: rotation ±15°    0.911, seeds from 0.900 to 0.922
#: horizontal flip  0.848, seeds from 0.845 to 0.850
#: vertical flip    0.852, seeds from 0.848 to 0.854
final = {name: curve[:, -1].mean().item() for name, curve in curves.items()}

# %%
# Shifts and small rotations help, by about two points. Flips hurt by twice as much:
# they make digits that nobody writes, and some change their meaning, as a 6 upside down
# is almost a 9. What is harmless on photographs, left for right, need not be so here.

plt.figure()
for name, curve in curves.items():
    epochs = [min(5 * (i + 1), opt.epochs) for i in range(curve.shape[1])]
    plt.plot(epochs, curve.mean(dim=0), "o-", label=name)
    plt.fill_between(epochs, curve.amin(dim=0), curve.amax(dim=0), alpha=0.15)
plt.xlabel("epoch")
plt.ylabel("test accuracy, mean and range of the seeds")
plt.legend()
show("help_and_harm")

# %%
# Try it
# ------
# - Predict what quarter turns do to the accuracy, then add them to the experiments.
# - Change the number of images from 1000 to 10000. What is left of the gain?
# - Build a test of the trained net on shifted test images, with and without shifts.
