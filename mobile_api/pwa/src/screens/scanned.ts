/** What a scanned or typed code is. Pure; where it leads is the screen's. */

export type CodeKind = "guide" | "household" | "badge" | "enrolment" | "typed";
const KINDS: Readonly<Record<string, CodeKind>> = { G: "guide", H: "household", B: "badge", V: "badge", E: "enrolment" };

/** The token of one of our addresses, or what was typed; upper case, without spaces. */
export function readCode(text: string): { kind: CodeKind; token: string } {
  const address = /^https?:\/\/[^/]+\/([GHBEV])\/([0-9A-Z]+)$/i.exec(text.trim());
  if (address) return { kind: KINDS[address[1]!.toUpperCase()]!, token: address[2]!.toUpperCase() };
  return { kind: "typed", token: text.toUpperCase().replace(/[\s-]/g, "") };
}
