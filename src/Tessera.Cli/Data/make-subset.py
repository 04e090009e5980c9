#!/usr/bin/env python3
"""Makes the MNIST subset beside this file from MNIST's four IDX files: make-subset.py FOLDER

Takes the first 1,000 images of each digit from the training part and the first 200 of each from the test part, in the order of
the files, and writes them as gzipped IDX. The same input gives the same bytes (with the same zlib).
"""
import gzip, os, struct, sys

def subset(source, part, each):
    images = open(os.path.join(source, part + "-images-idx3-ubyte"), "rb").read()
    labels = open(os.path.join(source, part + "-labels-idx1-ubyte"), "rb").read()[8:]
    taken, count = [], [0] * 10
    for index, label in enumerate(labels):
        if count[label] < each:
            count[label] += 1
            taken.append(index)
    assert count == [each] * 10
    pixels = b"".join(images[16 + 784 * i:16 + 784 * (i + 1)] for i in taken)
    write(part + "-images-idx3-ubyte.gz", struct.pack(">iiii", 0x803, len(taken), 28, 28) + pixels)
    write(part + "-labels-idx1-ubyte.gz", struct.pack(">ii", 0x801, len(taken)) + bytes(labels[i] for i in taken))

def write(name, content):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as zipped:
        zipped.write(content)

subset(sys.argv[1], "train", 1000)
subset(sys.argv[1], "t10k", 200)
