/** AES-GCM around one text. The context says what the text is, so that one row cannot stand in another's place. */
import { text, utf8, type Bytes } from "../protocol/bytes";
import type { Ports } from "../ports";

export interface Encrypted {
  iv: Bytes;
  data: Bytes;
}
type With = Pick<Ports, "subtle" | "random">;

export async function box(ports: With, key: CryptoKey, context: string, plain: string): Promise<Encrypted> {
  return boxBytes(ports, key, context, utf8(plain));
}

export async function unbox(ports: With, key: CryptoKey, context: string, found: Encrypted): Promise<string> {
  return text(await unboxBytes(ports, key, context, found));
}

export async function boxBytes(ports: With, key: CryptoKey, context: string, plain: Bytes): Promise<Encrypted> {
  const iv = ports.random(12);
  const algorithm = { name: "AES-GCM", iv, additionalData: utf8(context) };
  return { iv, data: new Uint8Array(await ports.subtle.encrypt(algorithm, key, plain)) };
}

/** Rejects when the key is another one or the bytes were changed. */
export async function unboxBytes(ports: With, key: CryptoKey, context: string, found: Encrypted): Promise<Bytes> {
  const algorithm = { name: "AES-GCM", iv: found.iv, additionalData: utf8(context) };
  return new Uint8Array(await ports.subtle.decrypt(algorithm, key, found.data));
}
