import { expect, test } from "vitest";
import { startStack, type Stack } from "../../local/stack.ts";

test.each([
  { part: "Azurite (tables and blobs)", how: "its process ended with SIGKILL", end: ({ azurite }: Stack) => azurite },
  { part: "The local event hub", how: "its port was closed", end: ({ eventHub }: Stack) => eventHub },
  { part: "The local logs ingestion", how: "its port was closed", end: ({ ingestion }: Stack) => ingestion },
])("a stack of which a part ends says which one: $part", async ({ part, how, end }) => {
  const stack = await startStack({ allowedTenantIds: [] });
  try {
    await end(stack).close();

    await expect(stack.failed).rejects.toThrow(`${part}: ${how}. Start the local stack again`);
  } finally {
    await stack.stop();
  }
});

test("a stack that is stopped has not failed", async () => {
  const stack = await startStack({ allowedTenantIds: [] });

  await stack.stop();

  await expect(Promise.race([stack.failed, Promise.resolve("not failed")])).resolves.toBe("not failed");
});
