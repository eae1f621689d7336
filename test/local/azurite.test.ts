import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { TableClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { expect, onTestFinished, test } from "vitest";
import { startAzurite } from "../../local/azurite.ts";

test("the unmodified clients store and read a row and a blob", async () => {
  const azurite = await startAzurite();
  onTestFinished(() => azurite.close());

  const table = TableClient.fromConnectionString(azurite.connectionString, "samples", {
    allowInsecureConnection: true,
  });
  await table.createTable();
  await table.createEntity({ partitionKey: "p", rowKey: "r", text: "é" });
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient("samples");
  await container.create();
  await container.getBlockBlobClient("b").uploadData(Buffer.from([0xff, 0x00]));

  expect(await table.getEntity("p", "r")).toMatchObject({ text: "é" });
  expect(await container.getBlockBlobClient("b").downloadToBuffer()).toEqual(Buffer.from([0xff, 0x00]));
  expect(new URL(azurite.tableEndpoint).hostname).toBe("127.0.0.1");
});

test("closing frees both ports", async () => {
  const azurite = await startAzurite();

  await azurite.close();

  await expect(fetch(azurite.tableEndpoint)).rejects.toThrow("fetch failed");
  await expect(fetch(azurite.blobEndpoint)).rejects.toThrow("fetch failed");
});

test("the error names a port that is taken", async () => {
  const first = await startAzurite();
  onTestFinished(() => first.close());
  const port = Number(new URL(first.tableEndpoint).port);

  await expect(startAzurite({ tablePort: port })).rejects.toThrow(
    `Azurite did not start: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
  );
});

test("it ends with its parent, even if the parent is killed", async () => {
  const parent = fork(new URL("fixtures/azurite-parent.ts", import.meta.url), [], { execArgv: [] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const endpoint = await message(parent);
  expect((await fetch(endpoint)).status).toBeGreaterThan(0);

  parent.kill("SIGKILL");

  await expect
    .poll(() =>
      fetch(endpoint).then(
        () => "up",
        () => "down",
      ),
    )
    .toBe("down");
});

async function message(child: ChildProcess): Promise<string> {
  const [text] = await once(child, "message");
  return String(text);
}
