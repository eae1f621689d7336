import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { Director } from "../director.ts";

export interface HubGate {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The hosts' way to the event hub. AMQP is one long connection, so its only fault is a cut: before or after a piece
 * came through, between two frames or (`truncated`) inside one.
 */
export async function startHubGate(targetPort: number, director: Director): Promise<HubGate> {
  const sockets = new Set<Socket>();

  function keep(socket: Socket, other: Socket): void {
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
    socket.on("error", () => socket.destroy());
  }

  function pass(from: Socket, to: Socket): void {
    from.on("data", (chunk: Buffer) => {
      const fault = director.faultFor({ slot: -1, operation: "hub", callId: "" });
      if (fault === undefined) {
        to.write(chunk);
        return;
      }
      if (fault.kind === "truncated") to.write(chunk.subarray(0, Math.ceil(chunk.length / 2)));
      else if (fault.effect === "after") to.write(chunk);
      if (fault.effect === "after") to.end(() => from.destroy());
      else from.destroy();
    });
  }

  const server = createServer((client) => {
    const hub = connect(targetPort, "127.0.0.1");
    keep(client, hub);
    keep(hub, client);
    pass(client, hub);
    pass(hub, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is no string
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
