"""Timing kajo beside PyTorch on the same work.

``kajo bench`` runs the table of workloads in :mod:`kajo.bench.workloads` on both, each in a fresh process, in
turn. Nothing in this folder imports either framework by itself: processes that measure PyTorch load the folder
without loading kajo.
"""
