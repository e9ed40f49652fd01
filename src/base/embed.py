"""Writes a file's bytes as the elements of a C array: embed.py INPUT OUTPUT"""
import sys

with open(sys.argv[1], "rb") as source, open(sys.argv[2], "w", encoding="ascii") as target:
    data = source.read()
    for i in range(0, len(data), 20):
        target.write(", ".join(str(byte) for byte in data[i : i + 20]) + ",\n")
