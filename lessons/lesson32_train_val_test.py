"""
Lesson 32: three sets, and cross validation (Train-Val-Test-交叉验证)
=====================================================================

The training set fits the weights, the validation set makes the choices, the test set
says once what the result is worth. A set that helped to choose cannot judge.

:Notes: lesson32 Train-Val-Test-交叉验证
:Needs: lessons 29 and 31
:Run: ``python lessons/lesson32_train_val_test.py``
:Takes: 15 s
"""

# in work
