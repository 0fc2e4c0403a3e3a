"""
Lesson 34: momentum and learning-rate decay (动量和学习率衰减)
==============================================================

Momentum adds up past gradients, so that what they agree on grows and what they
disagree on cancels. A schedule makes large steps early and small ones late.

:Notes: lesson34 动量和学习率衰减
:Needs: lessons 22 and 29
:Run: ``python lessons/lesson34_momentum_lr_decay.py``
:Takes: 15 s
"""

# in work
