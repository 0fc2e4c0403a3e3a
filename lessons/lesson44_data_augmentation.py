"""
Lesson 44: data augmentation (数据增强)
=======================================

Data augmentation changes the training images at random. A change helps if it keeps the
meaning of an image, and harms if it does not.

:Notes: 数据增强
:Needs: lessons 5, 31, 35 and 38
:Run: ``python lessons/lesson44_data_augmentation.py``
"""

import math
import time

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torchvision import datasets, transforms
from torchvision.transforms import v2

from utils import (
    MNIST_MEAN,
    MNIST_STD,
    evaluate,
    mnist,
    mnist_folder,
    settings,
    show,
    stop_if_not_finite,
)

opt = settings(
    epochs=16,
    batch_size=50,
    momentum=0.9,
    images=1000,
    variants=4,
    seeds=4,
    quick={"images": 200, "variants": 1, "seeds": 1},
)
torch.manual_seed(opt.seed)

# %%
# What transforms do
# ------------------
# A transform (变换) takes an image and gives an image. ``torchvision.transforms.v2``
# works on PIL images and on tensors [..., c, h, w]. ``BLACK`` is the value of a black
# pixel after normalisation. It fills what comes in from outside of an image.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
BLACK = -MNIST_MEAN / MNIST_STD

# %%
# The notes say that ``Resize([32, 32])`` cuts out a part (裁切). In fact ``Resize``
# scales the whole image (缩放), and ``RandomCrop`` cuts (裁剪). Together they enlarge
# the image a little and shift it.

x = train_set.tensors[0][:4]  # [b, 1, 28, 28]
larger = v2.Resize([32, 32])(x)
print(larger.shape, v2.RandomCrop([28, 28])(larger).shape)
#: torch.Size([4, 1, 32, 32]) torch.Size([4, 1, 28, 28])
back = F.interpolate(larger, size=[28, 28], mode="bilinear", antialias=True)
print("scaled back, almost the same image:", ((back - x).abs().mean() < 0.1).item())
#: scaled back, almost the same image: True

# %%
# The notes say that ``RandomRotation([90, 180, 270])`` rotates (旋转) by one of three
# angles. In fact it takes a range: two numbers, or one number a for -a to a.
# ``RandomChoice`` takes one of several transforms.

try:
    v2.RandomRotation([90, 180, 270])
except ValueError as error:
    print(error)
#: degrees should be a sequence of length 2.
quarter_turns = v2.RandomChoice([v2.RandomRotation([a, a]) for a in (90, 180, 270)])

# %%
# These are the transforms of this lesson:

all_transforms = {
    "horizontal flip": v2.RandomHorizontalFlip(),
    "vertical flip": v2.RandomVerticalFlip(),
    "rotation ±15°": v2.RandomRotation(15, fill=BLACK),
    "quarter turns": quarter_turns,
    "resize and crop": v2.Compose([v2.Resize([32, 32]), v2.RandomCrop([28, 28])]),
    "shift": v2.RandomAffine(0, translate=(0.1, 0.1), fill=BLACK),
    "noise": v2.GaussianNoise(sigma=0.5, clip=False),
    "erasing": v2.RandomErasing(p=1.0, scale=(0.02, 0.15), value=BLACK),
}

# %%
# The notes say that each operation may or may not happen. In fact this holds for flips
# (翻转), which happen with probability 0.5. A rotation always happens, and its angle is
# random. If the angle is almost zero, no pixel changes. ``Resize`` is never random.

changed = {}
for name in "horizontal flip", "rotation ±15°":
    transform = all_transforms[name]
    results = [torch.equal(transform(x[0]), x[0]) for _ in range(100)]
    changed[name] = results.count(False)
    print(f"{name} changes the image in {changed[name]} of 100 calls")
#: horizontal flip changes the image in 49 of 100 calls
#: rotation ±15° changes the image in 83 of 100 calls

# %%
# Drawn: one digit, and six results of each transform.

figure, axes = plt.subplots(len(all_transforms), 7, figsize=(7, 8.5))
for row, (name, transform) in zip(axes, all_transforms.items(), strict=True):
    row[0].imshow(x[0, 0].cpu(), cmap="gray", vmin=BLACK, vmax=2.8)
    for ax in row[1:]:
        ax.imshow(transform(x[0])[0].cpu(), cmap="gray", vmin=BLACK, vmax=2.8)
    row[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.setp(axes, xticks=[], yticks=[])
axes[0, 0].set_title("original")
show("augmentations")

# %%
# In the data set
# ---------------
# As in the notes, the transforms belong to the data set. It applies them each time that
# an image is taken. So every epoch sees other variants of the same images. The labels
# stay. ``ToImage`` and ``ToDtype`` are the new form of the notes' ``ToTensor``.

to_tensor = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
recipe = v2.Compose(
    [
        v2.RandomRotation(15),
        v2.RandomAffine(0, translate=(0.1, 0.1)),
        to_tensor,
        v2.Normalize([MNIST_MEAN], [MNIST_STD]),
    ]
)
with mnist_folder(opt.data) as root:
    plain_set = datasets.MNIST(root, train=True, download=True)
    augmented_set = datasets.MNIST(root, train=True, transform=recipe)

# %%
# The old form and the new one give the same tensor. Two calls give two variants.

pil_image = plain_set[0][0]
same_tensor = torch.allclose(to_tensor(pil_image), transforms.ToTensor()(pil_image))
print("ToImage and ToDtype equal ToTensor:", same_tensor)
#: ToImage and ToDtype equal ToTensor: True
print("label:", augmented_set[0][1], augmented_set[0][1])
#: label: 5 5
same_twice = torch.equal(augmented_set[0][0], augmented_set[0][0])
print("the same image twice:", same_twice)
#: the same image twice: False

# %%
# Each image is transformed alone. For a large data set this takes much time. A real
# project gives this work to other processes, with ``DataLoader(num_workers=4)``. The
# time depends on the machine:

start = time.perf_counter()
for i in range(200):
    image, label = augmented_set[i]
milliseconds = (time.perf_counter() - start) / 200 * 1000
print(f"{milliseconds:.1f} ms an image, {60 * milliseconds:.0f} s for 60000 images")
#: 0.1 ms an image, 8 s for 60000 images

# %%
# The experiment
# --------------
# Here ``opt.variants`` variants of each image are made once. Each step takes one of
# them at random. This is a little less than the data set gives, and it is fast.
#
# Only training images are transformed. If you change the test images, their accuracy
# answers another question.

images, labels = train_set.tensors
images, labels = images[: opt.images], labels[: opt.images]
test_loader = [(test_set.tensors[0][:4000], test_set.tensors[1][:4000])]


def variants_of(transform):
    """[n, 1, 28, 28] => [variants, n, 1, 28, 28], each image with draws of its own."""
    variants = []
    for _ in range(opt.variants):
        variants.append(torch.stack([transform(image) for image in images]))
    return torch.stack(variants)


# %%
# "none" is the control, with the images as they are.

names = ["shift", "rotation ±15°", "horizontal flip", "vertical flip"]
data = {"none": images[None]}  # one variant
for name in names:
    data[name] = variants_of(all_transforms[name])
print("none:", list(data["none"].shape), " shift:", list(data["shift"].shape))
#: none: [1, 1000, 1, 28, 28]  shift: [4, 1000, 1, 28, 28]

# %%
# The network is small, and all runs make the same number of steps.

steps = opt.epochs * math.ceil(len(images) / opt.batch_size)


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


# %%
# One run. The learning rate rises and falls with ``OneCycleLR`` (lesson 38), so that
# the last steps are small. With a constant rate the runs of one transform differ more,
# and shifts cannot be told from the control.


def train(variants, lr, seed):
    """The test accuracy after training."""
    torch.manual_seed(opt.seed + seed)
    net = cnn()
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=opt.momentum)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, steps)
    for _ in range(opt.epochs):
        for i in torch.randperm(len(images)).split(opt.batch_size):
            which = torch.randint(len(variants), [len(i)])
            loss = F.cross_entropy(net(variants[which, i]), labels[i])
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
    return evaluate(net, test_loader)[1]


# %%
# Each transform is trained at four peaks of the learning rate, with four seeds each.
# The table holds the means of the seeds.

rates = [0.02, 0.04, 0.08, 0.16]
runs, means = {}, {}
print("peak of the rate", rates)
#: peak of the rate [0.02, 0.04, 0.08, 0.16]
for name, variants in data.items():
    for lr in rates:
        runs[name, lr] = []
        for seed in range(opt.seeds):
            runs[name, lr].append(train(variants, lr, seed))
        means[name, lr] = sum(runs[name, lr]) / opt.seeds
    print(f"{name:15} ", " ".join([f"{means[name, lr]:.3f}" for lr in rates]))
#: none             0.863 0.871 0.874 0.866
#: shift            0.869 0.905 0.915 0.894
#: rotation ±15°    0.875 0.887 0.895 0.894
#: horizontal flip  0.821 0.830 0.836 0.834
#: vertical flip    0.793 0.817 0.822 0.817

# %%
# The transforms are compared at their best rates:

final, best_runs = {}, {}
for name in data:
    final[name] = 0.0
    for lr in rates:
        if means[name, lr] > final[name]:
            final[name], best_runs[name] = means[name, lr], runs[name, lr]
    worst, best = min(best_runs[name]), max(best_runs[name])
    print(f"{name:15} mean {final[name]:.3f}, seeds from {worst:.3f} to {best:.3f}")
#: none            mean 0.874, seeds from 0.860 to 0.894
#: shift           mean 0.915, seeds from 0.911 to 0.920
#: rotation ±15°   mean 0.895, seeds from 0.882 to 0.909
#: horizontal flip mean 0.836, seeds from 0.831 to 0.851
#: vertical flip   mean 0.822, seeds from 0.807 to 0.838

# %%
# Shifts help: every run with shifts is better than every run without. Small rotations
# help less. Their mean is 0.02 higher than the mean of the control, but their worst run
# is worse than the best run of the control.
#
# The flips harm: every run with flips is worse than every run without. They make digits
# that nobody writes, and some change their meaning: a 6 upside down is almost a 9. On
# photographs a horizontal flip is usually harmless.

# %%
# Drawn: each run as a point, at the best rate of its transform.

plt.figure()
for i, name in enumerate(best_runs):
    plt.plot([i] * opt.seeds, best_runs[name], "o", alpha=0.6)
    plt.plot(i, final[name], "k_", markersize=25)
plt.xticks(range(len(best_runs)), list(best_runs))
plt.ylabel("test accuracy (line: mean of the seeds)")
show("help_and_harm")

# %%
# Try it
# ------
# ``python check.py 44`` checks the function that is named here.
#
# - Predict what quarter turns do to the accuracy. Then add them to ``names``.
# - Change the data with ``--images 4000 --variants 2``. What is left of the gain?
# - Build ``random_shifts``, a shift of its own for each image of a batch. Make four
#   variants with it, moved by up to 2 pixels. Then make new shifts at every step
#   instead. What is gained?
