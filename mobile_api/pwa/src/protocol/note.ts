/** Long runs of digits have no place in a note: they are ID numbers, codes or accounts (threats.md). */
const RUN = /\d{6,}/;
const GROUPED = /\d(?:[ .\-–]?\d){8,}/;
const DATE = /\b\d{1,2}[./-]\d{1,2}[./-]\d{4}\b/g;
const WIDE = /[０-９]/g;
export const MAX_NOTE = 280;
export const MAX_ADDRESS = 200;
export const MAX_NAME = 80;

export function hasLongNumber(value: string): boolean {
  const plain = value.replace(WIDE, (digit) => String(digit.charCodeAt(0) - 0xff10)).replace(DATE, " ");
  return RUN.test(plain) || GROUPED.test(plain);
}
