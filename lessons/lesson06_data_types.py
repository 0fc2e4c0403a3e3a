"""
Lesson 6: data types (基本数据类型)
===================================

A tensor is a block of equal numbers: its dtype says what each of them is, its shape
how they are arranged, its device where they lie.

:Notes: lesson6 基本数据类型
:Needs: lesson 0
:Run: ``python lessons/lesson06_data_types.py``
"""

import numpy as np
import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.nn import functional as F

from utils import show

torch.manual_seed(0)

# %%
# From Python to tensors
# ----------------------
# Python's int, float and bool, and lists of them, have a tensor type each. Strings have
# none: text becomes numbers first (lesson 0).

for value in 7, 2.2, True, [1, 2], [1.0, 2.0]:
    t = torch.tensor(value)
    print(f"{value!s:10} {t.dtype!s:13} {t.type()}")
#: 7          torch.int64   torch.LongTensor
#: 2.2        torch.float32 torch.FloatTensor
#: True       torch.bool    torch.BoolTensor
#: [1, 2]     torch.int64   torch.LongTensor
#: [1.0, 2.0] torch.float32 torch.FloatTensor
try:
    torch.tensor("seven")
except TypeError as error:
    print(error)
#: new(): invalid data type 'str'

# %%
# The types
# ---------
# More bytes give an integer more range; a float spends them on range or on precision.
# Its eps is the step from 1 to the next number.

for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    about = torch.finfo(dtype)
    text = f"largest {about.max:.3g}, eps {about.eps:.3g}"
    print(f"{dtype!s:15} bytes {dtype.itemsize}, {text}")
#: torch.float16   bytes 2, largest 6.55e+04, eps 0.000977
#: torch.bfloat16  bytes 2, largest 3.39e+38, eps 0.00781
#: torch.float32   bytes 4, largest 3.4e+38, eps 1.19e-07
#: torch.float64   bytes 8, largest 1.8e+308, eps 2.22e-16
for dtype in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64):
    about = torch.iinfo(dtype)
    print(f"{dtype!s:15} bytes {dtype.itemsize}, {about.min} to {about.max}")
#: torch.uint8     bytes 1, 0 to 255
#: torch.int8      bytes 1, -128 to 127
#: torch.int16     bytes 2, -32768 to 32767
#: torch.int32     bytes 4, -2147483648 to 2147483647
#: torch.int64     bytes 8, -9223372036854775808 to 9223372036854775807
print(f"{torch.bool!s:15} bytes {torch.bool.itemsize}, False or True")
#: torch.bool      bytes 1, False or True

# %%
# How a float's bits are shared out: the exponent gives the range, the fraction the
# precision. ``bfloat16`` is ``float32`` with most of the fraction cut off.

bits = {"float16": (5, 10), "bfloat16": (8, 7), "float32": (8, 23), "float64": (11, 52)}
plt.figure(figsize=(8, 2.4))
for name, (exponent, fraction) in bits.items():
    left = 0
    parts = ("sign", 1), ("exponent", exponent), ("fraction", fraction)
    for i, (part, width) in enumerate(parts):
        label = part if name == "float16" else None
        bar = plt.barh(name, width, left=left, color=f"C{i}", ec="white", label=label)
        plt.bar_label(bar, [width], label_type="center", color="white")
        left += width
plt.gca().invert_yaxis()
plt.xlabel("bits")
plt.legend()
show("float_bits")

# %%
# What does not fit gives no error: a byte starts again at 0, ``float16`` knows only
# infinity above 65504, and ``float32`` has no odd numbers above 2^24.

print(torch.tensor([255], dtype=torch.uint8) + 1)
#: tensor([0], dtype=torch.uint8)
print(torch.tensor([65504.0, 70000.0]).to(torch.float16))
#: tensor([65504.,    inf], dtype=torch.float16)
print(int(torch.tensor(2.0**24) + 1) == 2**24)
#: True

# %%
# Asking for the type
# -------------------
# The notes say that ``type(t)`` is one of the ways, but it is ``torch.Tensor`` for all
# of them. ``.type()`` and ``isinstance`` tell them apart, and ``.dtype`` does it best.

for t in torch.ones(2), torch.ones(2).double(), torch.ones(2).int():
    print(type(t), t.type(), isinstance(t, torch.FloatTensor), t.dtype)
#: <class 'torch.Tensor'> torch.FloatTensor True torch.float32
#: <class 'torch.Tensor'> torch.DoubleTensor False torch.float64
#: <class 'torch.Tensor'> torch.IntTensor False torch.int32

# %%
# On another device the same numbers have another type's name, and ``isinstance`` says
# no; the dtype stays. Every machine has the device "meta", which keeps shapes alone.

for device in "cpu", "meta":
    t = torch.ones(2, device=device)
    print(t.device, t.type(), isinstance(t, torch.FloatTensor), t.dtype)
#: cpu torch.FloatTensor True torch.float32
#: meta torch.meta.FloatTensor False torch.float32

# %%
# Casting
# -------
# ``to`` and the short forms return another tensor. An integer is cut off towards zero,
# and only zero becomes False. Where two types meet, float wins over integer and more
# bytes over fewer; a plain number adapts to the tensor, unless it alone is a float.

t = torch.tensor([-1.7, 0.0, 2.9])
print(t.to(torch.int64), t.int().dtype, t.bool())
#: tensor([-1,  0,  2]) torch.int32 tensor([ True, False,  True])
print((torch.ones(2).double() + t[:2]).dtype, (t + 1).dtype, (t.int() * 1.5).dtype)
#: torch.float64 torch.float32 torch.float32
print((t.int() / 2).dtype, (t.int() // 2).dtype)
#: torch.float32 torch.int32

# %%
# Ranks 0 to 4
# ------------
# The number of dimensions says what a tensor is used for.

loss = F.mse_loss(torch.ones(3), torch.zeros(3))
tensors = {
    "loss": loss,  # []
    "bias": nn.Linear(784, 10).bias,  # [k]
    "images as rows": torch.rand(100, 784),  # [b, d]
    "sequences": torch.rand(20, 100, 50),  # [t, b, d], for an RNN
    "images": torch.rand(100, 3, 28, 28),  # [b, c, h, w], for a convolution
}
for name, t in tensors.items():
    print(f"{name:15} dim {t.dim()}, numel {t.numel():6}, shape {list(t.shape)}")
#: loss            dim 0, numel      1, shape []
#: bias            dim 1, numel     10, shape [10]
#: images as rows  dim 2, numel  78400, shape [100, 784]
#: sequences       dim 3, numel 100000, shape [20, 100, 50]
#: images          dim 4, numel 235200, shape [100, 3, 28, 28]

# %%
# A scalar is not a vector of one element, although both hold one number: ``item`` takes
# it out of either.

scalar, vector = torch.tensor(1.0), torch.tensor([1.0])
print(scalar.shape, vector.shape, scalar.item() == vector.item())
#: torch.Size([]) torch.Size([1]) True
try:
    len(scalar)
except TypeError as error:
    print(error)
#: len() of a 0-d tensor

# %%
# ``shape`` and ``size()`` are the same; either gives one dimension by its index.

images = tensors["images"]
print(images.shape == images.size(), images.shape[1], images.size(1), len(images))
#: True 3 3 100

# %%
# Memory
# ------
# The notes say that ``numel`` is the memory that a tensor takes. It is the number of
# elements; each takes ``element_size`` bytes.

for dtype in torch.float64, torch.float32, torch.float16, torch.uint8:
    t = images.to(dtype)
    size = t.numel() * t.element_size()
    print(f"{dtype!s:13} {t.numel()} elements, {size} bytes")
#: torch.float64 235200 elements, 1881600 bytes
#: torch.float32 235200 elements, 940800 bytes
#: torch.float16 235200 elements, 470400 bytes
#: torch.uint8   235200 elements, 235200 bytes

# %%
# ``FloatTensor(n)`` is not random
# --------------------------------
# The notes say that it has n elements, initialised at random. They are not initialised:
# the memory is handed over as its last user left it (lesson 7). No random number is
# drawn, as the state of the generator shows.

for make in torch.FloatTensor, torch.rand:
    before = torch.get_rng_state()
    t = make(2)
    drawn = not torch.equal(before, torch.get_rng_state())
    print(f"{make.__name__}: shape {list(t.shape)}, random numbers drawn: {drawn}")
#: FloatTensor: shape [2], random numbers drawn: False
#: rand: shape [2], random numbers drawn: True

# %%
# NumPy and back
# --------------
# ``from_numpy`` and ``numpy`` copy nothing: both sides are one memory. NumPy's floats
# are float64, and so is the tensor. ``torch.tensor`` copies.

array = np.ones(2)
shared, copied = torch.from_numpy(array), torch.tensor(array)
array[0] = 5
print(shared, copied)
#: tensor([5., 1.], dtype=torch.float64) tensor([1., 1.], dtype=torch.float64)
shared[1] = 7
print(array, np.shares_memory(array, shared.numpy()))
#: [5. 7.] True
print(shared.float().dtype)  # a layer's weights are float32: cast before use
#: torch.float32

# %%
# NumPy knows no gradients, so a tensor that records them has to be detached first.

try:
    tensors["bias"].numpy()
except RuntimeError as error:
    print(error)
#: Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.
print(tensors["bias"].detach().numpy().shape)
#: (10,)

# %%
# Try it
# ------
# - Predict the bytes of 60000 images [1, 28, 28] as ``uint8`` and as ``float32``.
# - Change ``torch.tensor(array)`` to ``torch.as_tensor(array)``. Does it copy?
# - Build a function that says for a list of tensors how many bytes they take together.
