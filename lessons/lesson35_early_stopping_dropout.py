"""
Lesson 35: early stopping, dropout and noise (early-stopping & dropout)
=======================================================================

Stop where unseen images say so, train with units left out at random, and measure how
much the gradient of a batch differs from that of all the data.

:Notes: early-stopping & dropout, and Stochastic Gradient Descent
:Needs: lessons 29 and 31
:Run: ``python lessons/lesson35_early_stopping_dropout.py``
:Takes: 10 s
"""

# in work
