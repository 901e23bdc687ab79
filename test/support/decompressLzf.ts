/**
 * LZF, by which Redis compresses strings of dumps and nodes of lists.
 * @returns what came out before the input ended; undefined when it is something else
 */
export function decompressLzf(bytes: Uint8Array, mostBytes: number): Buffer | undefined {
  const out: number[] = [];
  for (let at = 0; at < bytes.length && out.length < mostBytes; ) {
    const control = bytes[at]!;
    at += 1;
    if (control < 32) {
      for (let left = control + 1; left > 0 && at < bytes.length; left -= 1, at += 1) out.push(bytes[at]!);
      continue;
    }
    let length = control >> 5;
    if (length === 7) {
      length += bytes[at] ?? 0;
      at += 1;
    }
    let from = out.length - (((control & 31) << 8) | (bytes[at] ?? 0)) - 1;
    at += 1;
    if (from < 0) return undefined;
    for (let left = length + 2; left > 0; left -= 1, from += 1) out.push(out[from]!);
  }
  return Buffer.from(out);
}
