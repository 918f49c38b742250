/** Asking our own server: 60 s at most, JSON or nothing. A captive portal's page with status 200 is "no reply". */
import type { Ports } from "../ports";

export const TIMEOUT_MS = 60_000;
const HEADERS = { "X-Gocua-Client": "phone", Accept: "application/json" };

export interface Reply {
  status: number;
  body: unknown;
  retryAfter: string | null;
  etag: string | null;
}

/** The reply, or null when there was none: no network, cut, too slow, or not JSON. */
export async function request(
  ports: Pick<Ports, "fetch" | "after">,
  method: "GET" | "POST",
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply | null> {
  const control = new AbortController();
  const stop = ports.after(TIMEOUT_MS, () => control.abort());
  try {
    const response = await ports.fetch(path, {
      method,
      headers: { ...HEADERS, ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      credentials: "same-origin",
      cache: "no-store",
      // Nothing of our API answers with a redirect: whoever redirects is not our server.
      redirect: "error",
      signal: control.signal,
    });
    const { status } = response;
    const kept = { status, retryAfter: response.headers.get("Retry-After"), etag: response.headers.get("ETag") };
    if (status === 204 || status === 304) return { ...kept, body: null };
    const json = response.headers.get("Content-Type")?.split(";")[0]?.trim() === "application/json";
    // A proxy in front of a dead server answers with its own page: the status is all there is to know.
    if (status >= 500) return { ...kept, body: json ? await response.json().catch(() => null) : null };
    return json ? { ...kept, body: JSON.parse(await response.text()) as unknown } : null;
  } catch {
    return null;
  } finally {
    stop();
  }
}

/** The stable code of an error answer, or "". */
export function errorCode(reply: Reply): string {
  const code = (reply.body as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
