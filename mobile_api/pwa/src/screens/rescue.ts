/** The rescue file: everything that is not on the server, in a file that a leader can upload. */
import { core } from "./core.svelte";

/** Hand the file to the phone's own downloads. Returns whether it is sealed; false: it can be read by anybody. */
export async function offerRescue(): Promise<{ items: number; sealed: boolean }> {
  const { name, blob, items, sealed } = await core.rescueFile();
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return { items, sealed };
}
