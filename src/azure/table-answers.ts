import type { TableServiceClientOptions } from "@azure/data-tables";
import { DependencyError } from "../errors.ts";

type PolicyEntry = NonNullable<TableServiceClientOptions["additionalPolicies"]>[number];

/**
 * Refuses answers that say 200 and hold something else: a proxy's HTML page or an empty body would
 * read as "no rows" or as a stored transaction.
 */
export const answersOfTheTableService: PolicyEntry = {
  position: "perCall",
  policy: {
    name: "answersOfTheTableService",
    async sendRequest(request, next) {
      const response = await next(request);
      const isBatch = request.url.split("?")[0]?.endsWith("/$batch") ?? false;
      const type = response.headers.get("content-type") ?? "";
      const readable = isBatch ? type.startsWith("multipart/mixed") : type.startsWith("application/json");
      if ((response.status === 200 || response.status === 202) && !readable)
        throw new DependencyError("Table Storage", `answered ${response.status} with ${type || "no content type"}`);
      return response;
    },
  },
};
