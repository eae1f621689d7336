// A gate in front of a local server. Closed: it refuses and breaks connections, like a service that is down. Busy: it
// answers each request with a 503, like an overloaded service.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export interface TcpGate {
  readonly port: number;
  close(): Promise<void>;
  /** Retry-After 0, so that an outage takes no time between attempts. */
  beBusy(): void;
  open(): Promise<void>;
}

const BUSY = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/** @param onRequest called with each chunk that a client sends, before it is passed on */
export async function tcpGate(
  targetPort: number,
  onRequest: (chunk: Buffer) => void = () => undefined,
): Promise<TcpGate> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  let isBusy = false;

  const keep = (socket: Socket, other: () => Socket): void => {
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      other().destroy();
    });
    socket.on("error", () => socket.destroy());
  };

  function refuse(client: Socket): void {
    sockets.add(client);
    client.on("close", () => sockets.delete(client));
    client.on("error", () => client.destroy());
    client.once("data", () => client.end(BUSY));
  }

  async function open(): Promise<void> {
    isBusy = false;
    if (server?.listening) return;
    server = createServer((client) => {
      if (isBusy) {
        refuse(client);
        return;
      }
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
    beBusy() {
      isBusy = true;
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      if (!server?.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
