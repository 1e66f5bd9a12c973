import type { Cell } from "../src/values.js";

/** encodeValues writes a value list as a server does: `runs` says whether unchanged fields in a row become ^n. */
export function encodeValues(before: readonly Cell[] | undefined, after: readonly Cell[], runs: boolean): string {
  const tokens: string[] = [];
  for (let i = 0; i < after.length; ) {
    let n = 0;
    while (before && i + n < after.length && after[i + n] === before[i + n]) n++;
    if (n > 1 && runs) tokens.push(`^${n}`);
    else for (let k = 0; k < n; k++) tokens.push("");
    i += n;
    if (n === 0) tokens.push(encodeCell(after[i++] ?? null));
  }
  return tokens.join("|");
}

function encodeCell(cell: Cell): string {
  if (cell === null) return "#";
  if (cell === "") return "$";
  const text = cell.replace(/[%|\r\n]/g, encodeURIComponent);
  return /^[#$^]/.test(text) ? encodeURIComponent(text.charAt(0)).replace("$", "%24") + text.slice(1) : text;
}
