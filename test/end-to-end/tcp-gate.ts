// A door in front of a local server: closed, connections are refused and broken, as when the service is down.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export interface TcpGate {
  readonly port: number;
  close(): Promise<void>;
  open(): Promise<void>;
}

/** @param onRequest told of each chunk that a client sends, before it goes on */
export async function tcpGate(
  targetPort: number,
  onRequest: (chunk: Buffer) => void = () => undefined,
): Promise<TcpGate> {
  const sockets = new Set<Socket>();
  let server: Server;
  let port = 0;

  const keep = (socket: Socket, other: () => Socket): void => {
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      other().destroy();
    });
    socket.on("error", () => socket.destroy());
  };

  async function open(): Promise<void> {
    server = createServer((client) => {
      const target = connect(targetPort, "127.0.0.1");
      keep(client, () => target);
      keep(target, () => client);
      client.on("data", (chunk) => onRequest(chunk));
      client.pipe(target);
      target.pipe(client);
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is no string
    ({ port } = server.address() as AddressInfo);
  }

  await open();
  return {
    port,
    open,
    async close() {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
