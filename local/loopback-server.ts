import { once } from "node:events";
import type { Server } from "node:http";
import type { Server as NetServer } from "node:net";
import { UsageError } from "../src/errors.ts";

/**
 * Makes a server listen on 127.0.0.1.
 *
 * @param port 0 takes a free one
 * @returns the port
 * @throws {UsageError} naming the server and the port, if the port is taken or forbidden
 */
export async function listenOnLoopback(server: Server, port: number, name: string): Promise<number> {
  const listening = once(server, "listening");
  server.listen(port, "127.0.0.1");
  try {
    await listening;
  } catch (cause) {
    // Many systems let only root listen on ports below 1024.
    const isForbidden = cause instanceof Error && "code" in cause && cause.code === "EACCES";
    throw new UsageError(`${name}: port ${port} ${isForbidden ? "is not allowed to this user" : "is taken"}`, {
      cause,
    });
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError(`${name} listens on no port`);
  return address.port;
}

/** Resolves when the server no longer listens, with words for a person. */
export async function endOf(server: NetServer): Promise<string> {
  await once(server, "close");
  return "its port was closed";
}

/** Closes all connections and resolves when the port is free. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.closeAllConnections();
  server.close();
  await closed;
}
