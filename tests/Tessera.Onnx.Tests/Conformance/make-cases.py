"""Writes cases.zip: ONNX's own test cases that are read, but those of more than 400 KB. Usage: make-cases.py FOLDER-OF-ALL-CASES"""
import os
import sys
import zipfile

root = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
refused = {line.split("\t")[0] for line in open(os.path.join(here, "not-claimed.txt"), encoding="utf-8")}
with zipfile.ZipFile(os.path.join(here, "cases.zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for folder, _, files in sorted(os.walk(root)):
        name = os.path.relpath(folder, root)
        if "model.onnx" not in files or name in refused:
            continue
        paths = sorted(os.path.join(place, file) for place, _, inner in os.walk(folder) for file in inner)
        if sum(map(os.path.getsize, paths)) > 400_000:
            continue
        for path in paths:
            entry = zipfile.ZipInfo(os.path.relpath(path, root), (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, open(path, "rb").read())
