"""
Lesson 43: what a Module gives (nn.Module)
==========================================

A Module finds the parameters, buffers and modules that are assigned to it, so that one
call trains, moves, saves or switches them all.

:Notes: lesson43 nn.Module
:Needs: lesson 27
:Run: ``python lessons/lesson43_nn_module.py``
:Takes: 2 s
"""

# in work
