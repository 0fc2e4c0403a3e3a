"""
Exercises of lesson 45: a data set of your own

``python check.py 45`` checks them whenever you save this file.
"""

import torch
from torch.utils.data import DataLoader, Dataset

from solutions import exercise


@exercise(
    "Which work is done once, and which work is done anew at each access? A random "
    "transform shows the difference.",
    "``sorted`` takes a set and gives a list. ``index`` of this list turns a name into "
    "a number.",
)
class TableSet(Dataset):
    """
    A data set of a table, whose rows are dicts with a file and the name of a class.

    Sample i is a tuple: what ``transform`` makes of the file, and the number of its
    class, an int. The classes are numbered from 0 in alphabetical order. An example of
    a row is ``{"file": "1.png", "class": "cat"}``.
    """

    def __init__(self, rows, transform):
        self.rows, self.transform = rows, transform
        self.classes = sorted({row["class"] for row in rows})

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        row = self.rows[i]
        return self.transform(row["file"]), self.classes.index(row["class"])


NAMES = ["dog", "cat", "emu", "cat", "dog"]
ROWS = [{"file": f"{i}.png", "class": name} for i, name in enumerate(NAMES)]


def number_of(file):
    """A transform that "opens" a file: its number as a tensor."""
    return torch.tensor([float(file.removesuffix(".png"))])


@TableSet.must
def samples_are_counted(TableSet):
    count = len(TableSet(ROWS, number_of))
    assert count == 5, (
        f"The table has 5 rows, and len gives {count}. A DataLoader takes the samples "
        "0 to len - 1: all others are never seen."
    )


@TableSet.must
def samples_are_transformed(TableSet):
    samples = TableSet(ROWS, number_of)
    x, y = samples[3]
    assert isinstance(x, torch.Tensor), (
        f"The transform gives a tensor, but sample 3 begins with {x!r}: it is the file "
        "as it stands in the table."
    )
    assert x.tolist() == [3], f"Sample 3 holds the file {x.item():.0f}.png."
    assert isinstance(y, int), (
        f"The class of sample 3 is {y!r}. A loss such as F.cross_entropy needs the "
        "number of the class, an int."
    )
    classes = [samples[i][1] for i in range(5)]
    assert classes == [1, 0, 2, 0, 1], (
        f"The classes of {NAMES} are {classes}. Alphabetical order gives cat the "
        "number 0, dog 1 and emu 2."
    )


@TableSet.must
def each_access_opens_the_file(TableSet):
    opened = []

    def transform(file):
        opened.append(file)
        return number_of(file)

    samples = TableSet(ROWS, transform)
    assert not opened, (
        f"Before any access {len(opened)} files are open. All files may not fit into "
        "memory, and a random transform would be drawn only once."
    )
    assert samples[1][0] == samples[1][0] == 1, "Sample 1 changes with each access."
    assert opened == ["1.png"] * 2, f"Two accesses to sample 1 opened {opened}."
    x, y = next(iter(DataLoader(samples, batch_size=5)))
    assert x.shape == (5, 1), f"A batch of 5 has the shape {list(x.shape)}."
    assert y.tolist() == [1, 0, 2, 0, 1], f"A batch has the classes {y.tolist()}."


@TableSet.mistake
class LenOfClasses(TableSet.solution):
    """A DataLoader takes the samples 0 to len - 1: all others are never seen."""

    def __len__(self):
        return len(self.classes)


@TableSet.mistake
class TransformForgotten(TableSet.solution):
    """it is the file as it stands in the table."""

    def __getitem__(self, i):
        row = self.rows[i]
        return row["file"], self.classes.index(row["class"])


@TableSet.mistake
class TransformedOnce(TableSet.solution):
    """
    All files may not fit into memory, and a random transform would be drawn only once.
    """

    def __init__(self, rows, transform):
        super().__init__(rows, transform)
        self.files = [transform(row["file"]) for row in rows]

    def __getitem__(self, i):
        return self.files[i], self.classes.index(self.rows[i]["class"])


@TableSet.mistake
class NameForNumber(TableSet.solution):
    """A loss such as F.cross_entropy needs the number of the class, an int."""

    def __getitem__(self, i):
        row = self.rows[i]
        return self.transform(row["file"]), row["class"]


@TableSet.mistake
class InOrderOfTheTable(TableSet.solution):
    """Alphabetical order gives cat the number 0, dog 1 and emu 2."""

    def __init__(self, rows, transform):
        self.rows, self.transform = rows, transform
        self.classes = list(dict.fromkeys(row["class"] for row in rows))
