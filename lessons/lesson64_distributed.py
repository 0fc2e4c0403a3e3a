"""
Lesson 64: training on several processes
========================================

Each process holds a copy of the network and trains on its own part of every batch. After
each backward pass all of them average their gradients, so that the copies stay equal.

:Notes: none; an addition to the course
:Needs: lesson 29
:Run: ``python lessons/lesson64_distributed.py``
:Takes: 20 s
"""

# in work
