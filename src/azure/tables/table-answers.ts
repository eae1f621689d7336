import type { TableServiceClientOptions } from "@azure/data-tables";
import { DependencyError } from "../../errors.ts";

type PolicyEntry = NonNullable<TableServiceClientOptions["additionalPolicies"]>[number];

/** In every JSON answer of the service, at the level of metadata that the SDK asks for. */
// https://learn.microsoft.com/rest/api/storageservices/payload-format-for-table-service-operations
const MARK = '"odata.metadata"';

/**
 * Refuses answers that say 200 and hold something else: a proxy's page, `{}` or nothing at all would
 * read as "no rows", as a row without properties or as a stored transaction.
 */
export const answersOfTheTableService: PolicyEntry = {
  position: "perCall",
  policy: {
    name: "answersOfTheTableService",
    async sendRequest(request, next) {
      const response = await next(request);
      const isBatch = request.url.split("?")[0]?.endsWith("/$batch") ?? false;
      const type = response.headers.get("content-type") ?? "";
      const isOurs = isBatch ? type.startsWith("multipart/mixed") : (response.bodyAsText ?? "").includes(MARK);
      if ((response.status === 200 || response.status === 202) && !isOurs)
        throw new DependencyError(
          "Table Storage",
          `something else answered in its place: ${response.status}, ${type || "no content type"}`,
        );
      return response;
    },
  },
};
