// Window arithmetic for a list of rows of one height: which rows to draw.

export interface Slice {
  /** First index drawn. */
  start: number;
  /** One past the last index drawn. */
  end: number;
}

export function visible(
  scrollTop: number,
  viewport: number,
  rowHeight: number,
  total: number,
  overscan = 8,
): Slice {
  if (total === 0 || rowHeight <= 0) return { start: 0, end: 0 };
  const top = Math.max(0, scrollTop);
  const first = Math.min(Math.floor(top / rowHeight), total - 1);
  const last = Math.ceil((top + viewport) / rowHeight);
  return { start: Math.max(0, first - overscan), end: Math.min(total, last + overscan) };
}

/** The scrollTop that brings a row fully into view, moving as little as possible. */
export function reveal(index: number, scrollTop: number, viewport: number, rowHeight: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  if (top + rowHeight > scrollTop + viewport) return top + rowHeight - viewport;
  return scrollTop;
}

/** True when the end of the list is near enough that the next page should be read. */
export function nearEnd(scrollTop: number, viewport: number, rowHeight: number, total: number): boolean {
  return scrollTop + viewport >= total * rowHeight - viewport;
}
