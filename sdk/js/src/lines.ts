/** Split is what splitLines gives: the lines completed so far and the beginning of the next one. */
export interface Split {
  readonly lines: readonly string[];
  readonly rest: string;
}

/**
 * splitLines cuts a stream of text into lines at CR LF and nothing else: a chunk may end anywhere, also between the two.
 * `rest` is what the previous call left over, "" at the start. Empty lines are dropped.
 */
export function splitLines(rest: string, chunk: string): Split {
  const text = rest + chunk;
  const lines: string[] = [];
  let start = 0;
  // What the previous call left holds no line end, but its last character may be the CR of one.
  let end = text.indexOf("\r\n", Math.max(0, rest.length - 1));
  while (end >= 0) {
    if (end > start) lines.push(text.slice(start, end));
    start = end + 2;
    end = text.indexOf("\r\n", start);
  }
  return { lines, rest: start === 0 ? text : text.slice(start) };
}
