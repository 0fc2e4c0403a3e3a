"""
Lesson 6: data types (基本数据类型)
===================================

A tensor is a block of numbers of one type. Its dtype says which type, its shape says
how the numbers are arranged, and its device says where they are stored.

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
# Python's int (整数), float (浮点数) and bool (布尔值) each have a tensor type, and so
# have lists of them. Strings have none, so text has to become numbers first (lesson 0).

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
# A float type spends its bytes (字节) on range (范围) and on precision (精度). Its eps
# is the distance from 1 to the next larger number.

for dtype in torch.float16, torch.bfloat16, torch.float32, torch.float64:
    about = torch.finfo(dtype)
    text = f"largest {about.max:.3g}, eps {about.eps:.3g}"
    print(f"{dtype!s:15} bytes {dtype.itemsize}, {text}")
#: torch.float16   bytes 2, largest 6.55e+04, eps 0.000977
#: torch.bfloat16  bytes 2, largest 3.39e+38, eps 0.00781
#: torch.float32   bytes 4, largest 3.4e+38, eps 1.19e-07
#: torch.float64   bytes 8, largest 1.8e+308, eps 2.22e-16

# %%
# An integer type spends all its bytes on range. ``uint8`` has no negative numbers.

for dtype in torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64:
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
# Drawn: the bits (位) of the four float types. The exponent (指数) gives the range, and
# the fraction (尾数) gives the precision. ``bfloat16`` is ``float32`` without most of
# its fraction.

exponents = {"float16": 5, "bfloat16": 8, "float32": 8, "float64": 11}
fractions = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}
plt.figure(figsize=(8, 2.4))
for name in exponents:
    left = 0
    parts = {"sign": 1, "exponent": exponents[name], "fraction": fractions[name]}
    for i, part in enumerate(parts):
        width = parts[part]
        label = part if name == "float16" else None
        bar = plt.barh(name, width, left=left, color=f"C{i}", ec="white", label=label)
        plt.bar_label(bar, [width], label_type="center", color="white")
        left += width
plt.gca().invert_yaxis()
plt.xlabel("bits")
plt.legend()
show("float_bits")

# %%
# A sum or a cast whose result does not fit raises no error. After 255 a ``uint8``
# starts again at 0. Above 65504 ``float16`` has only infinity. Above 2^24 ``float32``
# has no odd numbers.

print(torch.tensor([255], dtype=torch.uint8) + 1)
#: tensor([0], dtype=torch.uint8)
print(torch.tensor([65504.0, 70000.0]).to(torch.float16))
#: tensor([65504.,    inf], dtype=torch.float16)
print("2^24 + 1 is 2^24 in float32:", int(torch.tensor(2.0**24) + 1) == 2**24)
#: 2^24 + 1 is 2^24 in float32: True

# %%
# Asking for the type
# -------------------
# The notes say that ``type(t)`` tells the type. In fact ``type(t)`` is ``torch.Tensor``
# for every tensor. ``.type()`` and ``isinstance`` distinguish the types. ``.dtype`` is
# the best way, as the next cell shows.

for t in torch.ones(2), torch.ones(2).double(), torch.ones(2).int():
    print(type(t), t.type(), t.dtype)
    print("    isinstance of FloatTensor:", isinstance(t, torch.FloatTensor))
#: <class 'torch.Tensor'> torch.FloatTensor torch.float32
#:     isinstance of FloatTensor: True
#: <class 'torch.Tensor'> torch.DoubleTensor torch.float64
#:     isinstance of FloatTensor: False
#: <class 'torch.Tensor'> torch.IntTensor torch.int32
#:     isinstance of FloatTensor: False

# %%
# A device (设备) is the place where a tensor is stored and computed, such as the CPU or
# a GPU. On another device ``.type()`` has another name and ``isinstance`` is False, but
# the dtype is the same. The device "meta" exists on every machine. It stores shapes and
# no numbers.

for device in "cpu", "meta":
    t = torch.ones(2, device=device)
    print(t.device, t.type(), t.dtype)
    print("    isinstance of FloatTensor:", isinstance(t, torch.FloatTensor))
#: cpu torch.FloatTensor torch.float32
#:     isinstance of FloatTensor: True
#: meta torch.meta.FloatTensor torch.float32
#:     isinstance of FloatTensor: False

# %%
# Casting
# -------
# Casting (类型转换) gives a tensor of another dtype. ``to``, ``type`` and short forms
# such as ``int`` return a new tensor if the dtype changes, and the old one stays as it
# was. Casting a float to an integer drops the fraction. Casting to bool turns only zero
# into False.

t = torch.tensor([-1.7, 0.0, 2.9])
print(t.to(torch.int64), t.int().dtype, t.bool())
#: tensor([-1,  0,  2]) torch.int32 tensor([ True, False,  True])
print(t.int().type(torch.float32), t.dtype)  # the notes cast with type(dtype)
#: tensor([-1.,  0.,  2.]) torch.float32

# %%
# An operation on two dtypes casts both to a common dtype. Float is stronger than
# integer, and integer is stronger than bool. Of two floats, or of two integers, the
# result is the smallest dtype that holds the values of both.

print("int64 and float16:   ", torch.promote_types(torch.int64, torch.float16))
#: int64 and float16:    torch.float16
print("float32 and float64: ", torch.promote_types(torch.float32, torch.float64))
#: float32 and float64:  torch.float64
print("uint8 and int8:      ", torch.promote_types(torch.uint8, torch.int8))
#: uint8 and int8:       torch.int16
print("float16 and bfloat16:", torch.promote_types(torch.float16, torch.bfloat16))
#: float16 and bfloat16: torch.float32

# %%
# A Python number takes the tensor's dtype, unless its kind is higher: a float makes an
# integer tensor float, and an integer makes a bool tensor an integer tensor. A tensor
# of 0 dimensions counts like a Python number. ``/`` always gives floats, and ``//``
# divides integers to an integer.

print((t.double() + 1).dtype, (t.int() + 1).dtype, (t.int() * 1.5).dtype)
#: torch.float64 torch.int32 torch.float32
print((t + torch.tensor(1.0, dtype=torch.float64)).dtype)
#: torch.float32
print((t.int() / 2).dtype, (t.int() // 2).dtype)
#: torch.float32 torch.int32

# %%
# Ranks 0 to 4
# ------------
# The rank (阶) of a tensor is its number of dimensions. It shows what the tensor is
# used for. In the shapes below, b is the batch, k the classes and d the features
# (特征). Sequences (序列) have t time steps, and an RNN (循环神经网络) reads them.
# Images have c channels (通道), the height h and the width w, and a convolution (卷积)
# reads them.

loss = F.mse_loss(torch.ones(3), torch.zeros(3))
tensors = {
    "loss": loss,  # []
    "bias": nn.Linear(784, 10).bias,  # [k]
    "images as rows": torch.rand(100, 784),  # [b, d]
    "sequences": torch.rand(20, 100, 50),  # [t, b, d]
    "images": torch.rand(100, 3, 28, 28),  # [b, c, h, w]
}
for name, t in tensors.items():
    print(f"{name:15} dim {t.dim()}, numel {t.numel():6}, shape {list(t.shape)}")
#: loss            dim 0, numel      1, shape []
#: bias            dim 1, numel     10, shape [10]
#: images as rows  dim 2, numel  78400, shape [100, 784]
#: sequences       dim 3, numel 100000, shape [20, 100, 50]
#: images          dim 4, numel 235200, shape [100, 3, 28, 28]

# %%
# A scalar and a vector of one element both hold one number, but their shapes differ.
# ``item`` returns the number of either as a Python number.

scalar, vector = torch.tensor(1.0), torch.tensor([1.0])
print(scalar.shape, vector.shape, "equal items:", scalar.item() == vector.item())
#: torch.Size([]) torch.Size([1]) equal items: True
try:
    len(scalar)
except TypeError as error:
    print(error)
#: len() of a 0-d tensor

# %%
# ``shape`` and ``size()`` are the same. Both give the size of one dimension by its
# index. ``len`` gives the size of the first dimension.

images = tensors["images"]
print("equal:", images.shape == images.size())
#: equal: True
print(images.shape[1], images.size(1))
#: 3 3
print(len(images))
#: 100

# %%
# Memory
# ------
# The notes say that ``numel`` is the memory (内存) of a tensor. In fact ``numel`` is
# the number of its elements. Each element takes ``element_size`` bytes.

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
# The notes say that ``FloatTensor(n)`` has n elements with random content. In fact the
# elements are uninitialised (未初始化): the tensor gets memory with the bytes that its
# last user left there (lesson 7). The state of the random number generator
# (随机数生成器) shows that no random number is drawn.

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
# ``from_numpy`` and ``numpy`` copy nothing. The array (数组) and the tensor share their
# memory, so a change of one changes the other. ``torch.tensor`` copies. NumPy's floats
# are float64, and so are those of the tensor.

array = np.ones(2)
shared, copied = torch.from_numpy(array), torch.tensor(array)
array[0] = 5
print(shared, copied)
#: tensor([5., 1.], dtype=torch.float64) tensor([1., 1.], dtype=torch.float64)
shared[1] = 7
print(array, "shared memory:", np.shares_memory(array, shared.numpy()))
#: [5. 7.] shared memory: True
print(shared.float().dtype)  # a layer's weights are float32: cast before use
#: torch.float32

# %%
# NumPy has no gradients. A tensor that records them has to be detached (分离) first:
# ``detach`` returns a tensor with the same numbers and no record.

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
# ``python check.py 6`` checks the functions that are named here.
#
# - Predict the bytes of 60000 images [1, 28, 28] as ``uint8`` and as ``float32``. Then
#   write ``bytes_of``.
# - Change the given ``grey_image`` until every pixel is right.
# - Build ``packed``, which finds the smallest dtype for given numbers.
