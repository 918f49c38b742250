/** The code on the slip of a visit: the first 50 bits of its hash, as backend/services/slips.py reads it. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** `sha256` in hexadecimal, as the event carries it. */
export function slipCode(sha256: string): string {
  const bits = BigInt(`0x${sha256.slice(0, 13)}`) >> 2n;
  return Array.from({ length: 10 }, (_, place) => ALPHABET[Number((bits >> BigInt(5 * (9 - place))) & 31n)]).join("");
}
