/** The shapes on the wire, generated from mobile_api/openapi.json (`npm run api`). */
import type { components } from "./api";

type Schemas = components["schemas"];
export type MeOut = Schemas["MeOut"];
export type PushIn = Schemas["PushIn"];
export type PushOut = Schemas["PushOut"];
export type PullIn = Schemas["PullIn"];
export type PullOut = Schemas["PullOut"];
export type ReferenceOut = Schemas["ReferenceOut"];
export type TelemetryIn = Schemas["TelemetryIn"];
/** A newer server may know codes that this build does not. */
export type ResultOut = Omit<Schemas["ResultOut"], "code"> & { code: string };
/** A newer server may send kinds that this build does not know; they are kept. */
export type RowOut = Omit<Schemas["RowOut"], "kind"> & { kind: string };
