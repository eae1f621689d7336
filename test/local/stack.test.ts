import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { TableClient } from "@azure/data-tables";
import { EventHubProducerClient } from "@azure/event-hubs";
import { expect, test } from "vitest";
import { LOCAL_HUB, LOCAL_PARTITIONS, startStack } from "../../local/stack.ts";
import { readConfig } from "../../src/config.ts";
import { UsageError } from "../../src/errors.ts";
import { INCIDENTS_TABLE } from "../../src/storage-names.ts";

const TENANT = "aaaaaaaa-1111-4222-8333-444444444444";

test("its settings are those that the app needs, and point to services that answer", async () => {
  const stack = await startStack({ allowedTenantIds: [TENANT] });
  try {
    expect([...readConfig(stack.settings).allowedTenantIds]).toEqual([TENANT]);

    const hub = new EventHubProducerClient(
      stack.settings["AUDIT_EVENTS"] ?? "",
      stack.settings["AUDIT_EVENTS_HUB"] ?? "",
    );
    expect(await hub.getEventHubProperties()).toMatchObject({
      name: LOCAL_HUB,
      partitionIds: Array.from({ length: LOCAL_PARTITIONS }, (_, id) => String(id)),
    });
    await hub.close();

    const table = TableClient.fromConnectionString(stack.settings["INCIDENTS_STORAGE"] ?? "", INCIDENTS_TABLE, {
      allowInsecureConnection: true,
    });
    await table.createTable();
    expect(await table.createEntity({ partitionKey: "p", rowKey: "r" })).toMatchObject({ etag: expect.any(String) });
  } finally {
    await stack.stop();
  }
});

test("a port in use fails the start, and nothing keeps running", async () => {
  const occupant = createServer().listen(0, "127.0.0.1");
  await once(occupant, "listening");
  const { port: taken } = occupant.address() as AddressInfo;
  const free = await freePort();

  const starting = startStack({ allowedTenantIds: [TENANT], ingestionPort: taken, tablePort: free });

  await expect(starting).rejects.toThrow(UsageError);
  await expect(starting).rejects.toThrow(String(taken));
  await expect(fetch(`http://127.0.0.1:${free}/`)).rejects.toThrow("fetch failed");
  occupant.close();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
