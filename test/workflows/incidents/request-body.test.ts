import { createServer, request as httpRequest } from "node:http";
import { Readable } from "node:stream";
import { assert, asyncProperty, array, integer, uint8Array } from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { closeServer, listenOnLoopback } from "../../../local/loopback-server.ts";
import { type BodyLimits, readBody } from "../../../src/workflows/incidents/request-body.ts";

const LIMITS: BodyLimits = { maxBytes: 10, timeoutMs: 60_000 };
const TOO_LARGE = { status: 413, detail: "the body is larger than 10 bytes" };

/** A body in parts, and how many of them were read; with `thenWaits` it never ends. */
function sent(parts: readonly Uint8Array[], { contentLength, thenWaits = false }: Sent = {}) {
  const log = { pulled: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const part = parts[log.pulled];
        log.pulled += 1;
        if (part !== undefined) controller.enqueue(part);
        else if (thenWaits) return new Promise<void>(() => undefined);
        else controller.close();
        return undefined;
      },
      cancel() {
        log.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  const header = (name: string) => (name === "content-length" ? contentLength : undefined);
  return { log, request: { body, header } };
}
interface Sent {
  readonly contentLength?: string;
  readonly thenWaits?: boolean;
}
const bytes = (text: string) => new TextEncoder().encode(text);

test("a body within the limit is read, whatever the number of its parts", async () => {
  await assert(
    asyncProperty(array(uint8Array({ maxLength: 6 }), { maxLength: 6 }), async (parts) => {
      const whole = Buffer.concat(parts);
      const expected = whole.length > LIMITS.maxBytes ? TOO_LARGE : { text: whole.toString("utf8") };
      expect(await readBody(sent(parts).request, LIMITS)).toEqual(expected);
    }),
  );
});

test("a character split across two parts is read as one", async () => {
  const [first, second] = [bytes("é").subarray(0, 1), bytes("é").subarray(1)];
  expect(await readBody(sent([first, second]).request, LIMITS)).toEqual({ text: "é" });
});

test("a missing body reads as empty", async () => {
  expect(await readBody({ body: null, header: () => undefined }, LIMITS)).toEqual({ text: "" });
});

test("no part is read behind the one that crosses the limit", async () => {
  await assert(
    asyncProperty(integer({ min: 1, max: 12 }), integer({ min: 12, max: 100 }), async (size, count) => {
      const { log, request } = sent(Array.from({ length: count }, () => new Uint8Array(size)));
      expect(await readBody(request, LIMITS)).toEqual(TOO_LARGE);
      expect(log).toEqual({ pulled: Math.floor(10 / size) + 1, cancelled: true });
    }),
  );
});

test("if the header gives a length beyond the limit, nothing is read", async () => {
  const { log, request } = sent([bytes("x")], { contentLength: "11" });
  expect(await readBody(request, LIMITS)).toEqual(TOO_LARGE);
  expect(log.pulled).toBe(0);
});

test.each(["10", "1", "0", "-1", "x", ""])("a length of %j is ignored: bytes are counted", async (contentLength) => {
  const large = sent([bytes("0123456789"), bytes("x")], { contentLength });
  expect(await readBody(large.request, LIMITS)).toEqual(TOO_LARGE);
  const small = sent([bytes("0123456789")], { contentLength });
  expect(await readBody(small.request, LIMITS)).toEqual({ text: "0123456789" });
});

test.each([[[]], [[bytes("x")]]])("a body that stalls is given up", async (parts) => {
  const { log, request } = sent(parts, { thenWaits: true });
  expect(await readBody(request, { ...LIMITS, timeoutMs: 5 })).toEqual({
    status: 408,
    detail: "the body did not arrive within 0.005 s",
  });
  expect(log.cancelled).toBe(true);
});

test("an interrupted body is the sender's fault, not ours", async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("gone")),
  });
  expect(await readBody({ body, header: () => undefined }, LIMITS)).toEqual({
    status: 400,
    detail: "the body broke off",
  });
});

test("over a connection, an endless body is refused while it is being sent", async () => {
  const server = createServer((request, response) => {
    const body: ReadableStream<Uint8Array> = Readable.toWeb(request);
    void readBody({ body, header: (name) => String(request.headers[name]) }, LIMITS).then((read) =>
      response.writeHead("status" in read ? read.status : 200).end(),
    );
  });
  const port = await listenOnLoopback(server, 0, "test");
  onTestFinished(() => closeServer(server));
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sending = httpRequest({ port, method: "PATCH", headers: { "transfer-encoding": "chunked" } }, (answer) =>
      resolve(answer.statusCode),
    );
    sending.on("error", reject);
    sending.write("0123456789"); // the request never ends
    sending.write("x");
  });
  expect(status).toBe(413);
});
