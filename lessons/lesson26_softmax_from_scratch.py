"""
Lesson 26: a classifier from raw tensors (LR多分类问题实战)
===========================================================

Three weight matrices, three bias vectors and a function are a network. Where they
start, and what stands after the last layer, decide whether it learns.

:Notes: lesson26 LR多分类问题实战
:Needs: lessons 5, 24 and 25
:Run: ``python lessons/lesson26_softmax_from_scratch.py``
"""

import torch
from torch import optim
from torch.nn import functional as F
from torch.nn import init

from utils import batches, mnist, plot_curve, settings, stop_if_not_finite

opt = settings(epochs=10, batch_size=200, lr=0.01)
torch.manual_seed(opt.seed)

# %%
# Faster data
# -----------
# Lesson 5 decodes and normalises each image anew in every epoch, one by one, and spends
# most of its time on that. ``mnist`` does it once for all images at once, and
# ``batches`` takes 200 of them in one indexing operation. It is still the stock
# ``DataLoader``; ``benchmarks/input_pipeline.py`` measures the difference.

train_set, test_set = mnist(opt.data, opt.device, opt.quick)
train_loader = batches(train_set, opt.batch_size, shuffle=True)
test_loader = batches(test_set, opt.batch_size)
x, y = next(iter(train_loader))
print(x.shape, y.shape)
#: torch.Size([200, 1, 28, 28]) torch.Size([200])

# %%
# Parameters
# ----------
# A weight has the shape [out, in], as in ``nn.Linear``. The plain start draws weights
# from the standard normal distribution, as the notes' first version does. A layer with
# 784 inputs then multiplies the size of its inputs by about √784 = 28. Kaiming
# initialisation draws them √(2 / in) times as large, which keeps the size after a ReLU.


def new_parameters(kaiming):
    """w1, b1, w2, b2, w3, b3 on the device, all of them to be trained."""
    parameters = []
    for inputs, outputs in (784, 200), (200, 200), (200, 10):
        w = torch.randn(outputs, inputs)
        if kaiming:
            init.kaiming_normal_(w)
        parameters += [w, torch.zeros(outputs)]
    return [p.to(opt.device).requires_grad_() for p in parameters]


# %%
# The network
# -----------
# The notes say ``F.relu`` after the third layer as well. ``relu_on_logits`` is there to
# see what comes of it; a network that is to learn leaves it off.


def forward(x, parameters, relu_on_logits=False):
    w1, b1, w2, b2, w3, b3 = parameters
    x = x.view(len(x), 784)  # [b, 1, 28, 28] => [b, 784]
    x = F.relu(x @ w1.t() + b1)  # => [b, 200]
    x = F.relu(x @ w2.t() + b2)  # => [b, 200]
    x = x @ w3.t() + b3  # => [b, 10]
    return F.relu(x) if relu_on_logits else x


# %%
# How large are the logits before any training? Softmax of numbers in the hundreds is a
# one and nine zeros: sure of itself, and wrong nine times out of ten.

torch.manual_seed(opt.seed)
for kaiming in True, False:
    logits = forward(x, new_parameters(kaiming))
    loss = F.cross_entropy(logits, y)
    print(f"kaiming={kaiming}: logits ±{logits.std():.0f}, loss {loss:.0f}")
#: kaiming=True: logits ±2, loss 3
#: kaiming=False: logits ±2734, loss 3827

# %%
# Testing
# -------
# The notes add up the mean losses of the batches and divide by the number of samples,
# which is 200 times too small, and they test with gradients recorded. Summing over
# samples first is right, also where the last batch is smaller.


@torch.no_grad()
def test(*net):
    """Mean loss over the test samples, and accuracy."""
    loss = correct = 0
    for x, y in test_loader:
        logits = forward(x, *net)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        correct += (logits.argmax(dim=1) == y).sum().item()
    return loss / len(test_set), correct / len(test_set)


# %%
# Training
# --------


def train(kaiming, relu_on_logits):
    """Train a new network; returns it and its test accuracy after each epoch."""
    torch.manual_seed(opt.seed)
    parameters = new_parameters(kaiming)
    optimizer = optim.SGD(parameters, lr=opt.lr)
    accuracies = []
    for _ in range(opt.epochs):
        for x, y in train_loader:
            loss = F.cross_entropy(forward(x, parameters, relu_on_logits), y)
            stop_if_not_finite(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        test_loss, accuracy = test(parameters, relu_on_logits)
        accuracies.append(accuracy)
    print(f"test loss {test_loss:.3f}, accuracy {accuracy:.3f}")
    return parameters, accuracies


# %%
# Four networks: the start and the last activation, each with and without.

curves = {}
net, curves["Kaiming"] = train(kaiming=True, relu_on_logits=False)
#: test loss 0.147, accuracy 0.957

# %%

_, curves["Kaiming, ReLU on logits"] = train(kaiming=True, relu_on_logits=True)
#: test loss 0.154, accuracy 0.955

# %%

_, curves["plain randn"] = train(kaiming=False, relu_on_logits=False)
#: test loss 1.799, accuracy 0.669

# %%

dead_net, curves["plain randn, ReLU on logits"] = train(
    kaiming=False, relu_on_logits=True
)
#: test loss 2.322, accuracy 0.098

# %%

plot_curve(curves, "accuracy", xlabel="epoch", ylabel="test accuracy")
accuracies = {name: values[-1] for name, values in curves.items()}

# %%
# Dead classes
# ------------
# The last of them guesses. A class whose logit is negative for every image is set to
# zero by the ReLU for every image; then no gradient passes, and it never comes back.

with torch.no_grad():
    images = test_set.tensors[0]
    logits = forward(images, dead_net, relu_on_logits=True)  # [10000, 10]
dead_classes = (logits == 0).all(dim=0).sum().item()
print(f"{dead_classes} of 10 classes are zero for all test images")
#: 8 of 10 classes are zero for all test images

# %%
# Try it
# ------
# - Predict the loss of a network that gives all classes the same logit, then look at
#   the test loss of the last one above.
# - Change the plain start to ``0.01 * torch.randn(...)``. Is Kaiming still better?
# - Build the same experiment with ``init.xavier_normal_`` and ``torch.tanh``.
