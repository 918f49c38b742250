/** The little Markdown of the guides: **bold** inside lines. Pure. */

export interface Part {
  text: string;
  strong: boolean;
}

export function bold(line: string): Part[] {
  return line
    .split(/\*\*/)
    .map((text, index) => ({ text, strong: index % 2 === 1 }))
    .filter((part) => part.text !== "");
}

/** For the voice: no marks, one sentence after the other. */
export function plain(text: string): string {
  return text.replace(/\*\*/g, "").replace(/\s*\n\s*/g, " ").trim();
}
