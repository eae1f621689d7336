import { MACHINE } from "../../machine.ts";

/** The part of a request that its body is read from. */
export interface BodySource {
  /** Takes the name in lower case; undefined if there is no such header. */
  header(name: string): string | undefined;
  readonly body: ReadableStream<Uint8Array> | null;
}

export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** The body as text, or status and reason of the refusal. */
export type ReadBody = { readonly text: string } | { readonly status: 400 | 408 | 413; readonly detail: string };

/**
 * Reads a body up to the limits. It neither keeps nor awaits more, whatever `Content-Length` says.
 *
 * In Azure this limits how much is copied, decoded and parsed here. The host receives the whole body before that, up to
 * FUNCTIONS_REQUEST_BODY_SIZE_LIMIT, since it calls a function that does not stream.
 */
export async function readBody(
  request: BodySource,
  { maxBytes, timeoutMs }: BodyLimits,
  machine = MACHINE,
): Promise<ReadBody> {
  const tooLarge = { status: 413, detail: `the body is larger than ${maxBytes} bytes` } as const;
  if (Number(request.header("content-length")) > maxBytes) return tooLarge;
  if (request.body === null) return { text: "" };
  const reader = request.body.getReader();
  const late = Promise.withResolvers<"late">();
  const cancel = machine.after(timeoutMs, () => late.resolve("late"));
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const part = await Promise.race([reader.read(), late.promise]);
      if (part === "late") return { status: 408, detail: `the body did not arrive within ${timeoutMs / 1_000} s` };
      if (part.done) return { text: Buffer.concat(chunks).toString("utf8") };
      size += part.value.byteLength;
      if (size > maxBytes) return tooLarge;
      chunks.push(part.value);
    }
  } catch {
    return { status: 400, detail: "the body broke off" };
  } finally {
    cancel();
    reader.cancel().catch(() => undefined); // the sender may have gone
  }
}
