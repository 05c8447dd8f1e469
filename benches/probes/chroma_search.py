"""chromadb in an interpreter of its own: it requires onnxruntime, which must not be in ours.

Reads a folder with ``vectors.npy`` and ``queries.npy``, adds the former and asks for the ten
nearest of each of the latter; prints one JSON list of milliseconds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import chromadb
import numpy as np


def main(folder: Path) -> None:
    vectors, queries = np.load(folder / "vectors.npy"), np.load(folder / "queries.npy")
    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(folder / "chroma"), settings)
    collection = client.create_collection("bench", metadata={"hnsw:space": "cosine"})
    for at in range(0, len(vectors), 2000):
        part = vectors[at : at + 2000]
        numbers = [str(number) for number in range(at, at + len(part))]
        collection.add(ids=numbers, embeddings=part, documents=numbers)
    taken = []
    for query in queries:
        begin = time.perf_counter()
        collection.query(query_embeddings=[query], n_results=10)
        taken.append((time.perf_counter() - begin) * 1e3)
    print(json.dumps(taken))


main(Path(sys.argv[1]))
