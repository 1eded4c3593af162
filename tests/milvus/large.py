"""Inserts 30 MB in one message, and asks for them in one.

Usage: large.py URI
"""

import sys

from pymilvus import MilvusClient

ROWS, TEXT = 1200, "x" * 20_000


def main(uri):
    client = MilvusClient(uri=uri, timeout=60)
    client.create_collection("large", dimension=1024, consistency_level="Strong")
    try:
        rows = [{"id": row, "vector": [row / ROWS] * 1024, "text": TEXT} for row in range(ROWS)]
        client.insert("large", rows)
        found = client.query("large", filter="id >= 0", output_fields=["text", "vector"], limit=ROWS)
        if len(found) != ROWS or any(row["text"] != TEXT for row in found):
            raise SystemExit(f"{len(found)} rows came back, or not with their texts")
    finally:
        client.drop_collection("large")


main(sys.argv[1])
