import { sha256 } from "./bytes";

export interface Versioned {
  kind: string;
  id: string;
  v: number;
}

/** The hash over everything held of a stream: sorted by kind, then id as bytes (sync.md, section 9). */
export async function digest(subtle: SubtleCrypto, rows: Iterable<Versioned>): Promise<string> {
  const lines = Array.from(rows, (row) => `${row.kind}\t${row.id}\t${row.v}\n`).sort();
  return sha256(subtle, lines.join(""));
}
