import { again, NOTHING, withPart, type Preset, type Totals } from "@/features/query-log/model";
import { partsOf, type Part } from "@/features/query-log/parts";
import { exchange, workspaceUrl } from "@/lib/api-client";
import { ApiError } from "@/lib/errors";
import type { ImportAnswer } from "@/schema/wire/query-log";

const CHUNK_BYTES = 1024 * 1024;
const LONGEST_WAIT_SECONDS = 120;
const USUAL_WAIT_SECONDS = 5;

export interface ImportAsked {
  readonly workspace: string;
  readonly file: File;
  readonly preset: Preset;
  readonly namespace: string | undefined;
  readonly timezone: string;
}

export interface Progress {
  /** Bytes of the file, as it is. */
  readonly read: number;
  readonly totals: Totals;
  /** Over the rate limit: goes on after so many seconds; null while it goes on. */
  readonly waitSeconds: number | null;
}

/** Sends a query log in parts that the server takes. It may be sent again: what is there adds nothing. */
export async function importFile(asked: ImportAsked, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<Totals> {
  const { file, preset } = asked;
  let read = 0;
  let totals = NOTHING;
  const tell = (waitSeconds: number | null = null) => onProgress({ read, totals, waitSeconds });
  const beginning = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const isPacked = beginning[0] === 0x1f && beginning[1] === 0x8b;
  const packed = chunksOf(file, (bytes) => (read = bytes));
  const { isNdjson, chunks } = await kindOf(file.name, isPacked ? unpacked(packed) : packed);
  const type = isNdjson ? "application/x-ndjson" : "text/csv";
  for await (const part of partsOf(chunks, { byQuotes: !isNdjson, hasHeader: !isNdjson && preset !== "postgres" })) {
    const answer = await sendPart(asked, part, type, tell, signal);
    totals = withPart(totals, answer, part.before);
    tell();
  }
  return totals;
}

async function sendPart(asked: ImportAsked, part: Part, type: string, tell: (waitSeconds: number | null) => void, signal: AbortSignal): Promise<ImportAnswer> {
  const { workspace, preset, namespace, timezone } = asked;
  let taken = 0;
  for (;;) {
    let wait: number;
    try {
      const { body, retryAfterSeconds } = await exchange<ImportAnswer>(workspaceUrl(workspace, "/query-log"), {
        method: "POST",
        query: { preset, namespace, timezone },
        content: { type, data: part.content },
        signal,
      });
      const answer = again(body, taken);
      if (answer.retryable_count === 0) return answer;
      taken = answer.accepted;
      wait = retryAfterSeconds ?? USUAL_WAIT_SECONDS;
    } catch (error) {
      const seconds = error instanceof ApiError && error.retryable ? error.details["retry_after_seconds"] : undefined;
      if (typeof seconds !== "number") throw error;
      wait = seconds;
    }
    wait = Math.min(wait, LONGEST_WAIT_SECONDS);
    tell(wait);
    await rest(wait * 1_000, signal);
    tell(null);
  }
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("Stopped", "AbortError"));
    });
  });
}

async function* chunksOf(file: Blob, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < file.size; at += CHUNK_BYTES) {
    const chunk = await file.slice(at, at + CHUNK_BYTES).arrayBuffer();
    onRead(at + chunk.byteLength);
    yield new Uint8Array(chunk);
  }
}

async function* unpacked(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const fed = (async () => {
    for await (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  })();
  fed.catch(() => undefined); // the reader hears of it, too
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new Error("The file is packed, but is no gzip, or ends too early.");
      });
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** Tells NDJSON by the file's name, else by what it begins with, and gives the bytes on. */
async function kindOf(name: string, chunks: AsyncIterable<Uint8Array>): Promise<{ isNdjson: boolean; chunks: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  const text = first.done === true ? "" : new TextDecoder().decode(first.value.subarray(0, 64));
  const isNdjson = /\.(ndjson|jsonl|json)(\.gz)?$/i.test(name) || text.trimStart().startsWith("{");
  async function* all() {
    if (first.done !== true) yield first.value;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  return { isNdjson, chunks: all() };
}
