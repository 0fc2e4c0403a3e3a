"""
Lesson 45: a data set of your own, and transfer learning (迁移学习与自定义数据集)
=================================================================================

A few lines of code turn a folder of images into a data set for PyTorch. If the folder
holds only few images, a network that was trained on other images is a better start than
random weights.

:Notes: none; an addition
:Needs: lessons 5, 38, 40 and 44
:Run: ``python lessons/lesson45_transfer_learning.py``
"""

import copy
import csv
import tempfile
from pathlib import Path

import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision.io import ImageReadMode, decode_image, write_png
from torchvision.transforms import v2

from utils import MNIST_MEAN, MNIST_STD, mnist, settings, show, stop_if_not_finite

opt = settings(
    pretrain_steps=1000,
    steps=100,
    seeds=3,
    files=500,
    quick={"pretrain_steps": 5, "steps": 3, "seeds": 1, "files": 30},
)
torch.manual_seed(opt.seed)

# %%
# A folder of images
# ------------------
# Images usually come as files, with a table of their labels. Here some digits of MNIST
# are written as PNG files, and their names and labels as a CSV file. The folder is
# temporary, and the lesson deletes it.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
images, labels = train_set.tensors
pixels = (images[: opt.files].cpu() * MNIST_STD + MNIST_MEAN) * 255
pixels = pixels.round().to(torch.uint8)  # [files, 1, 28, 28], 0 to 255

# %%
# The loop writes a PNG file for each image, and a line of the table.

temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
with open(folder / "labels.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["file", "label"])
    for i in range(opt.files):
        write_png(pixels[i], str(folder / f"{i:04d}.png"))
        writer.writerow([f"{i:04d}.png", labels[i].item()])
print("first lines:", (folder / "labels.csv").read_text().split()[:3])
#: first lines: ['file,label', '0000.png,5', '0001.png,0']

# %%
# A ``Dataset`` of your own
# -------------------------
# A data set needs two methods. ``__len__`` says how many samples there are.
# ``__getitem__`` gives sample i as an image and a label. It opens a file only when the
# sample is asked for, so a large data set does not have to fit into memory.
# ``csv.DictReader`` gives each line of the table as a dict.


class DigitFiles(Dataset):
    """The images of a folder, with the labels of its ``labels.csv``."""

    def __init__(self, folder, transform):
        self.folder, self.transform = folder, transform
        with open(folder / "labels.csv", newline="") as file:
            self.rows = list(csv.DictReader(file))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        row = self.rows[i]
        image = decode_image(str(self.folder / row["file"]), ImageReadMode.GRAY)
        return self.transform(image), int(row["label"])


# %%
# The transform (变换) turns bytes into floats and normalises them, as in lesson 5.

transform = v2.Compose(
    [
        v2.ToDtype(torch.float32, scale=True),  # uint8 0 to 255 => float 0 to 1
        v2.Normalize([MNIST_MEAN], [MNIST_STD]),
    ]
)
digit_files = DigitFiles(folder, transform)
image, label = digit_files[0]
print("samples:", len(digit_files), "image:", image.shape, "label:", label)
#: samples: 500 image: torch.Size([1, 28, 28]) label: 5
same = torch.allclose(image, images[0].cpu(), atol=1e-5)
print("the file holds the image:", same)
#: the file holds the image: True

# %%
# The ``DataLoader`` collects single samples into batches. It opens the files again in
# each epoch.

loader = DataLoader(digit_files, batch_size=100, shuffle=True)
x, y = next(iter(loader))
print("a batch:", x.shape, y.shape)
#: a batch: torch.Size([100, 1, 28, 28]) torch.Size([100])

# %%
# ``num_workers=2`` lets two other processes open the files while the network trains
# (lesson 5 says what the script then needs). The files are not needed any more, so the
# folder is deleted.

temporary.cleanup()

# %%
# Another task
# ------------
# Transfer learning (迁移学习) uses what a network has learned on one task for another
# task. The first task here has many images: the digits 0 to 4. The second task has few
# images: the digits 5 to 9, with ten images each. Its labels are 0 to 4, too: the digit
# minus 5.

test_images, test_labels = test_set.tensors
old_x, old_y = images[labels < 5], labels[labels < 5]
new_x, new_y = images[labels >= 5], labels[labels >= 5] - 5
test_x = test_images[test_labels >= 5]
test_y = test_labels[test_labels >= 5] - 5
half = len(new_x) // 2
val_x, val_y = new_x[half : half + 2000], new_y[half : half + 2000]
new_x, new_y = new_x[:half], new_y[:half]
print("second task: validation images", len(val_x), "test images", len(test_x))
#: second task: validation images 2000 test images 4861

# %%
# ``few_images`` draws the training set of the second task.


def few_images(count):
    """``count`` random images of each of the five new classes, with their labels."""
    chosen = []
    for label in range(5):
        positions = (new_y == label).nonzero().squeeze(1)
        chosen.append(positions[torch.randperm(len(positions))[:count]])
    chosen = torch.cat(chosen)
    return new_x[chosen], new_y[chosen]


# %%
# The network has two convolutions and two linear layers. The layers before the last one
# compute features (特征). The last layer is called the head (分类头).


def network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2),  # [b, 1, 28, 28] => [b, 16, 14, 14]
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),  # => [b, 32, 7, 7]
        nn.ReLU(),
        nn.Flatten(),  # => [b, 1568]
        nn.Linear(1568, 64),
        nn.ReLU(),
        nn.Linear(64, 5),  # the head
    ).to(opt.device)


# %%
# The optimizer gets only the parameters that require a gradient.


def train(net, x, y, lr, steps):
    parameters = [p for p in net.parameters() if p.requires_grad]
    optimizer = optim.Adam(parameters, lr=lr)
    for _ in range(steps):
        i = torch.randint(len(x), [50])
        loss = F.cross_entropy(net(x[i]), y[i])
        stop_if_not_finite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


# %%
# The accuracy is computed as in lesson 29.


@torch.no_grad()
def accuracy(net, x, y):
    predictions = net(x).argmax(dim=1)  # [b, 1, 28, 28] => [b, 5] => [b]
    return (predictions == y).float().mean().item()


# %%
# Three ways to start
# -------------------
# "scratch" starts with random weights. "frozen" (冻结) keeps the features of the first
# task and trains only a new head. "fine-tuned" (微调) starts with the features of the
# first task, gets a new head, and trains everything. ``copy.deepcopy`` makes a second
# network with the same weights, so the first one stays unchanged.


def start(way, pretrained):
    """The network with which a way starts."""
    if way == "scratch":
        return network()
    net = copy.deepcopy(pretrained)
    net[7].reset_parameters()  # a new head
    if way == "frozen":
        for layer in net[:7]:
            layer.requires_grad_(False)
    return net


# %%
# Each seed has its own few images and its own network.


def transfer(way, lr, count):
    """Validation and test accuracy of each seed, with ``count`` images a class."""
    val_scores, test_scores = [], []
    for seed in range(opt.seeds):
        torch.manual_seed(opt.seed + seed)
        x, y = few_images(count)
        net = start(way, pretrained[seed])
        train(net, x, y, lr, opt.steps)
        val_scores.append(accuracy(net, val_x, val_y))
        test_scores.append(accuracy(net, test_x, test_y))
    return val_scores, test_scores


# %%
# For each seed, a network first learns the digits 0 to 4.

pretrained = []
for seed in range(opt.seeds):
    torch.manual_seed(opt.seed + seed)
    net = network()
    train(net, old_x, old_y, lr=0.003, steps=opt.pretrain_steps)
    pretrained.append(net)

# %%
# Each way uses the best of five learning rates. The validation images decide which one
# is best.

rates = [0.0003, 0.001, 0.003, 0.01, 0.03]


def best_of_rates(way, count):
    """The test accuracy of each seed at the rate with the best validation accuracy."""
    best_score = 0.0
    for lr in rates:
        val_scores, test_scores = transfer(way, lr, count)
        if sum(val_scores) > best_score:
            best_score, best = sum(val_scores), test_scores
    return best


# %%
# The comparison is made with 3, 10, 30 and 100 images of each class. This is the test
# accuracy of each seed with ten images:

counts = [3, 10, 30, 100]
results, curves = {}, {}
for way in "scratch", "frozen", "fine-tuned":
    curves[way] = []
    for count in counts:
        test_scores = best_of_rates(way, count)
        curves[way].append(sum(test_scores) / opt.seeds)
        if count == 10:
            results[way] = test_scores
            each = " ".join([f"{score:.3f}" for score in test_scores])
            print(f"{way:10} {each}")
#: scratch    0.789 0.808 0.848
#: frozen     0.763 0.790 0.795
#: fine-tuned 0.822 0.872 0.885

# %%
# Fine-tuning is better than scratch in each of the three runs. In a frozen network only
# 325 numbers are trained: 64 · 5 weights and 5 biases. Its features were learned from
# other digits. It is no better than scratch here.
#
# The means of the seeds, for each number of images:

for way, means in curves.items():
    each = " ".join([f"{mean:.3f}" for mean in means])
    print(f"{way:10} with {counts} images a class: {each}")
#: scratch    with [3, 10, 30, 100] images a class: 0.670 0.815 0.893 0.945
#: frozen     with [3, 10, 30, 100] images a class: 0.653 0.783 0.851 0.880
#: fine-tuned with [3, 10, 30, 100] images a class: 0.732 0.860 0.931 0.956

# %%
# Fine-tuning is best with each number of images. Its lead becomes smaller with more
# images: it is 0.06 with 3 images of each class, and 0.01 with 100.

# %%
# Drawn: the mean test accuracy of the three ways.

plt.figure(figsize=(5, 3.6))
for way, scores in curves.items():
    plt.semilogx(counts, scores, "o-", label=way)
plt.xticks(counts, counts)
plt.minorticks_off()
plt.xlabel("images of each class")
plt.ylabel("test accuracy")
plt.legend()
show("ways")

# %%
# A frozen batch norm still learns
# --------------------------------
# ``requires_grad_(False)`` stops gradients. It does not stop the running mean and
# variance of batch norm (lesson 40). These are buffers, and they change in every
# forward pass in training mode. To freeze a batch norm, call its ``eval()`` as well.

norm = nn.BatchNorm1d(4).requires_grad_(False)
x = torch.randn(100, 4) + 5  # [b, d], the mean is 5
norm(x)
after_training_mode = norm.running_mean.clone()
print(f"mean of the running means: {after_training_mode.mean():.1f}")
#: mean of the running means: 0.5
norm.eval()
norm(x)
unchanged = torch.equal(norm.running_mean, after_training_mode)
print("unchanged in evaluation mode:", unchanged)
#: unchanged in evaluation mode: True

# %%
# Try it
# ------
# ``python check.py 45`` checks the function that is named here.
#
# - Predict which way is best with all images of the second task. Add 2500 to
#   ``counts`` and look.
# - Change the pre-training to 10 steps with ``--pretrain-steps 10``. What is left of
#   the gain?
# - Build ``TableSet``, a data set of a table with the names of its classes.
