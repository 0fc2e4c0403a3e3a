"""
Lesson 41: classic networks (经典神经网络)
==========================================

:Notes: 经典神经网络
:Needs: lessons 38 and 39
:Run: ``python lessons/lesson41_classic_networks.py``
:Takes: 30 s
"""

# in work
