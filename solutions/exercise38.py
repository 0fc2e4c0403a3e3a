"""
Exercises of lesson 38: a convolutional network

``python check.py 38`` checks them whenever you save this file.
"""

import torch
from torch import nn

from solutions import exercise, random_int


@exercise(
    "``named_modules`` goes into nested parts as well. ``register_forward_hook`` "
    "returns a handle, whose ``remove`` takes the hook away.",
    "A hook that is defined in a loop looks its name up when it is called, after the "
    "loop. Define it in a function that is given the name.",
)
def convolution_outputs(net, x):
    """
    What each convolution of a network gives, by forward hooks.

    The outputs are those that came out of the convolutions, even if a later layer works
    in place. After the call the network has no hook more than before.

    :param net: any module; ``nn.Conv2d`` may be inside of other parts
    :param x: a batch for ``net``
    :returns: a dict, from the name in ``named_modules`` to the output without gradient
    """
    outputs, handles = {}, []

    def keep_as(name):
        def hook(module, arguments, out):
            outputs[name] = out.detach().clone()

        return hook

    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            handles.append(module.register_forward_hook(keep_as(name)))
    net(x)
    for handle in handles:
        handle.remove()
    return outputs


def small_cnn(channels):
    inner = nn.Sequential(nn.Conv2d(channels, 1, 2), nn.ReLU(inplace=True))
    first = nn.Conv2d(1, channels, 1)
    return nn.Sequential(first, nn.ReLU(inplace=True), inner)


@convolution_outputs.inputs
def convolution_outputs_inputs():
    return small_cnn(random_int(2, 3)), torch.randn(1, 1, 2, random_int(2, 3))


@convolution_outputs.must
def outputs_are_those_of_the_layers(convolution_outputs):
    net, x = small_cnn(5), torch.randn(3, 1, 6, 6)
    outputs = convolution_outputs(net, x)
    first = net[0](x)
    right = {"0": first.detach(), "2.0": net[2][0](first.relu()).detach()}
    assert sorted(outputs) == ["0", "2.0"], f"The names are {list(outputs)}."
    for name, out in outputs.items():
        assert torch.equal(out, right[name]), f"The output of {name} is another one."
        assert not out.requires_grad, f"The output of {name} has a gradient."
    net(x + 1)
    assert torch.equal(outputs["0"], right["0"]), (
        "A later call of the network changes the result: its hooks are still there."
    )


def hooked(net, x, modules, hook_of):
    outputs = {}
    handles = [m.register_forward_hook(hook_of(outputs, name)) for name, m in modules]
    net(x)
    for handle in handles:
        handle.remove()
    return outputs


def convolutions(named):
    return [(name, m) for name, m in named if isinstance(m, nn.Conv2d)]


def cloning(outputs, name):
    return lambda module, arguments, out: outputs.update({name: out.detach().clone()})


@convolution_outputs.mistake
def all_under_the_last_name(net, x):
    """
    The hooks run after the loop, when the name has its last value: all of them write to
    that. Hand the name to a function that makes the hook.
    """
    outputs, handles = {}, []
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):

            def hook(module, arguments, out):
                outputs[name] = out.detach().clone()  # noqa: B023

            handles.append(module.register_forward_hook(hook))
    net(x)
    for handle in handles:
        handle.remove()
    return outputs


@convolution_outputs.mistake
def overwritten_in_place(net, x):
    """
    ``detach`` shares the memory, and the ReLU behind the convolution works in place:
    the negative numbers are gone. Keep a copy.
    """

    def keeping(outputs, name):
        return lambda module, arguments, out: outputs.update({name: out.detach()})

    return hooked(net, x, convolutions(net.named_modules()), keeping)


@convolution_outputs.mistake
def outer_layers_only(net, x):
    """``named_children`` does not go into the nested parts."""
    return hooked(net, x, convolutions(net.named_children()), cloning)


@convolution_outputs.mistake
def every_layer_on_x(net, x):
    """
    A layer is to be called with what the layers before it give, and not with x. A hook
    sees just that.
    """
    return {name: m(x).detach() for name, m in convolutions(net.named_modules())}


@convolution_outputs.mistake
def hooks_left(net, x):
    """A later call of the network changes the result: its hooks are still there."""
    outputs = {}
    for name, module in convolutions(net.named_modules()):
        module.register_forward_hook(cloning(outputs, name))
    net(x)
    return outputs
