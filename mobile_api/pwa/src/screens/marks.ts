/** The little Markdown of the guides: **bold** and [another guide](/huong-dan/…) inside lines. Pure. */

export interface Part {
  text: string;
  strong: boolean;
  /** The guide that the words lead to. */
  to?: string;
}

const MARKED = /\*\*(.+?)\*\*|\[([^\]]+)\]\(([^)]+)\)/g;

export function bold(line: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const found of line.matchAll(MARKED)) {
    parts.push({ text: line.slice(at, found.index), strong: false });
    const [whole, strong, words, target] = found;
    if (strong) parts.push({ text: strong, strong: true });
    else if (target?.startsWith("/huong-dan/")) parts.push({ text: words ?? "", strong: false, to: target });
    else parts.push({ text: words ?? "", strong: false });
    at = found.index + whole.length;
  }
  parts.push({ text: line.slice(at), strong: false });
  return parts.filter((part) => part.text !== "");
}

/** For the voice: no marks, one sentence after the other. */
export function plain(text: string): string {
  return bold(text.replace(/\s*\n\s*/g, " "))
    .map((part) => part.text)
    .join("")
    .trim();
}
