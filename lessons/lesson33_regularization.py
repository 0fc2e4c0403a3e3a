"""
Lesson 33: regularization (正则化)
==================================

Large weights cost something: squared (L2) they shrink, by their size (L1) they go to
zero. Which of the two helps on unseen images is measured.

:Notes: lesson32 正则化
:Needs: lessons 29 and 31
:Run: ``python lessons/lesson33_regularization.py``
:Takes: 15 s
"""

# in work
