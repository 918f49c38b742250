/**
 * The whole list in one sealed piece, for a quick start: one decryption instead of one per door. The rows stay the
 * truth; a pack that was made of another state of the streams is not used.
 */
import type { Stream } from "../protocol/pull";
import * as cache from "../storage/cache";
import type { DoorRow } from "./doors";
import { recall, remember } from "./show";
import type { World } from "./world";

const NAME = "list";
interface Pack {
  stamp: string;
  rows: DoorRow[];
}
const written = new WeakMap<World, string>();

/** What the rows depend on; another page, another set or another right changes it. */
export function stampOf(streams: readonly Stream[]): string {
  return JSON.stringify(
    streams.map(({ stream, epoch, gen, cursor, live, building }) => [stream, epoch, gen, cursor, live, building]).sort(),
  );
}

/** The rows of the last complete state; null when it is not the state of now. */
export async function readPack(world: World): Promise<Map<string, DoorRow> | null> {
  const { session } = world;
  if (!session) return null;
  const [streams, pack] = await Promise.all([cache.readStreams(session.cache), recall<Pack>(world, NAME)]);
  const stamp = stampOf(streams);
  if (pack?.stamp !== stamp) return null;
  written.set(world, stamp);
  return new Map(pack.rows.map((row) => [row.id, row]));
}

/** Write the pack when the streams moved on since it was written. */
export async function writePack(world: World): Promise<void> {
  const { session } = world;
  if (!session?.key) return;
  const stamp = stampOf(await cache.readStreams(session.cache));
  if (written.get(world) === stamp) return;
  written.set(world, stamp);
  await remember(world, NAME, { stamp, rows: [...world.rows.values()] } satisfies Pack);
}
