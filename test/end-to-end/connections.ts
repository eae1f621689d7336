// Loaded into the worker before the app: reports every host that the worker looks up or connects to.
import { syncBuiltinESMExports } from "node:module";
import dns from "node:dns";
import net from "node:net";

function tell(host: unknown, port: unknown): void {
  process.stdout.write(`connects to ${String(host)}:${String(port)}\n`);
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  const [first] = args.flat();
  const target: object = typeof first === "object" && first !== null ? first : {};
  tell(
    "host" in target ? target.host : "localhost",
    "port" in target ? target.port : "path" in target ? target.path : first,
  );
  return Reflect.apply(connect, this, args);
};

const lookup = dns.lookup;
Object.assign(dns, {
  lookup(...args: Parameters<typeof dns.lookup>) {
    tell(args[0], "lookup");
    return Reflect.apply(lookup, dns, args);
  },
});
syncBuiltinESMExports();
