// Compares real answers with an OpenAPI document.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import * as formats from "ajv-formats";
import type { openApiDocument, OperationObject } from "../../src/api/document.ts";

export type Document = ReturnType<typeof openApiDocument>;

export interface RealAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** All operations, with the pointer to each in the document. */
export function operationsOf({ paths }: Pick<Document, "paths">) {
  const found = Object.entries<Readonly<Record<string, OperationObject>>>(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
      pointer: ["paths", path, method],
    })),
  );
  return new Map(found.map((one) => [one.operation.operationId as string, one]));
}

export function conformance(document: Document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default.default(ajv);
  ajv.addSchema({ $id: "document", ...document });
  const operations = operationsOf(document);
  const validators = new Map<string, ValidateFunction>();

  /** What is wrong with a value, by the schema at this place. */
  function problems(pointer: readonly string[], value: unknown): string[] {
    const steps = pointer.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1")));
    const reference = `document#/${steps.join("/")}`;
    const validate = validators.get(reference) ?? ajv.compile({ $ref: reference });
    validators.set(reference, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }

  return {
    problems,
    /** What is wrong with an answer of an operation. */
    answer(name: string, { status, headers, body }: RealAnswer): string[] {
      const found = operations.get(name);
      if (found === undefined) return [`no operation ${name}`];
      const response = found.operation.responses[status];
      if (response === undefined) return [`${name} does not document ${status}: ${body}`];
      const type = (headers["content-type"] ?? "").split(";", 1).join();
      if (response.content[type] === undefined) return [`${name} does not document ${status} as "${type}"`];
      const missing = Object.entries(response.headers ?? {}).flatMap(([header, { required }]) =>
        required && headers[header.toLowerCase()] === undefined ? [`${header} is missing`] : [],
      );
      const pointer = [...found.pointer, "responses", String(status), "content", type, "schema"];
      const value: unknown = type.endsWith("json") ? JSON.parse(body) : body;
      return [...missing, ...problems(pointer, value)];
    },
  };
}
