/** The part of a request that its body is read from. */
export interface BodySource {
  /** By its name in lower case; undefined where there is none. */
  header(name: string): string | undefined;
  readonly body: ReadableStream<Uint8Array> | null;
}

export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** The body as text, or the status to refuse it with and why. */
export type ReadBody = { readonly text: string } | { readonly status: 400 | 408 | 413; readonly detail: string };

/**
 * Reads a body as far as the limits allow, and no further: more is neither kept nor waited for, whatever
 * `Content-Length` says.
 *
 * In Azure this bounds what is copied, decoded and parsed here. What is received before is the host's affair: it takes
 * a body whole, up to FUNCTIONS_REQUEST_BODY_SIZE_LIMIT, before it calls a function that does not stream.
 */
export async function readBody(request: BodySource, { maxBytes, timeoutMs }: BodyLimits): Promise<ReadBody> {
  const tooLarge = { status: 413, detail: `the body is larger than ${maxBytes} bytes` } as const;
  if (Number(request.header("content-length")) > maxBytes) return tooLarge;
  if (request.body === null) return { text: "" };
  const reader = request.body.getReader();
  const late = Promise.withResolvers<"late">();
  const timer = setTimeout(() => late.resolve("late"), timeoutMs);
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
    clearTimeout(timer);
    reader.cancel().catch(() => undefined); // whoever sends it may have gone
  }
}
