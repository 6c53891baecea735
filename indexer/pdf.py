"""PDF files -> pixels, page by page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import BufferedReader
from threading import Lock

import numpy as np
import pypdfium2

from indexer.raster import Bounds, Defect, Pixels, Sheet

DPI = 200
"""Pixels an inch of a page: a line of handwriting gets some 50 pixels, an A4 page 1654 x 2339."""

logging.getLogger("pypdfium2").addHandler(logging.NullHandler())

_PDFIUM = Lock()
"""PDFium must not be called from two threads at once, not even for two files."""


def sheets(file: BufferedReader, bounds: Bounds) -> Iterator[tuple[int, Sheet]]:
    """How many pages there are, and each of them, drawn at `DPI`, reduced to the bounds.

    Raises `Defect` for a file that is damaged, locked by a password or without pages.
    """
    with _PDFIUM:
        document = _opened(file)
        pages = len(document)
    try:
        if not pages:
            raise Defect("a PDF without pages")
        for number in range(pages):
            with _PDFIUM:
                sheet = _sheet(document, number, bounds)
            yield pages, sheet
    finally:
        with _PDFIUM:
            document.close()


def _opened(file: BufferedReader) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
            raise Defect("an encrypted PDF: save it without a password") from None
        raise Defect("a damaged PDF: its pages cannot be found") from None


def _sheet(document: pypdfium2.PdfDocument, number: int, bounds: Bounds) -> Sheet:
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        raise Defect(f"a damaged PDF: page {number + 1} cannot be opened") from None
    try:
        return _drawn(page, bounds)
    finally:
        page.close()


def _drawn(page: pypdfium2.PdfPage, bounds: Bounds) -> Sheet:
    points = page.get_size()
    width, height = (max(1, round(side * DPI / 72)) for side in points)
    # A page is as large as it says, so it is drawn at its bounds at once and never refused.
    scale = min(DPI / 72, bounds.longest / max(1.0, *points))
    bitmap = page.render(scale=scale, rev_byteorder=True)
    try:
        return Sheet(_copied(bitmap), width, height)
    finally:
        bitmap.close()


def _copied(bitmap: pypdfium2.PdfBitmap) -> Pixels:
    """Out of PDFium's memory, which goes with the bitmap."""
    return np.array(bitmap.to_numpy()[:, :, :3], np.uint8, order="C")
