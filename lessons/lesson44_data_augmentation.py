"""
Lesson 44: data augmentation (数据增强)
=======================================

A digit that is moved a little is the same digit, and another image to learn from. A
change helps where it keeps the meaning, and harms where it does not.

:Notes: 数据增强
:Needs: lessons 31, 35 and 38
:Run: ``python lessons/lesson44_data_augmentation.py``
:Takes: 40 s
"""

# in work
