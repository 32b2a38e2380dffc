"""Rows for any table: made to fit what was reflected, ordinary or hostile; loaded, read back, compared."""

from __future__ import annotations

from flask_lab.rows.comparison import Change, Renames, TableRows, canonical, compare, read_back
from flask_lab.rows.filling import Filled, Loader, load, names, number_on
from flask_lab.rows.making import APART, EVERYTHING, FIRST, Kind, Maker, Order, Row
from flask_lab.rows.shape import Column, Reference, Shape, read_shapes, sorted_tables
from flask_lab.rows.values import Theme

__all__ = [
    "APART",
    "EVERYTHING",
    "FIRST",
    "Change",
    "Column",
    "Filled",
    "Kind",
    "Loader",
    "Maker",
    "Order",
    "Reference",
    "Renames",
    "Row",
    "Shape",
    "TableRows",
    "Theme",
    "canonical",
    "compare",
    "load",
    "names",
    "number_on",
    "read_back",
    "read_shapes",
    "sorted_tables",
]
