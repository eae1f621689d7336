import { type JsonSchema, openApiDocument, type OperationObject, type Parameter } from "../src/api/document.ts";

/** What `docs/api.md` must hold: the routes as the OpenAPI document has them. */
export function apiPage(): string {
  const { paths, info, components } = openApiDocument();
  const operations = Object.entries<Readonly<Record<string, OperationObject>>>(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ title: `${method.toUpperCase()} /api${path}`, ...operation })),
  );
  const { 200: _own, ...shared } = operations.find(({ operationId }) => operationId === "me")?.responses ?? {};
  const index = operations.map(({ title, summary }) => `| [\`${title}\`](#${anchorOf(title)}) | ${summary} |`);
  return `# API

The page for analysts uses this API, and so can you. This document is made from the code that registers the routes and reads the requests
(\`npm run generate\`). The app serves the same as an OpenAPI 3.1 document at \`/api/openapi.json\`, with the schemas of all answers, to
whom it serves the API; \`npm run build\` writes it to \`dist/openapi.json\`. A test compares both with real answers.

| route | does |
| --- | --- |
${index.join("\n")}

${info.description}

## Signing in

In Azure, a browser signs in at \`/.auth/login/aad\` and then sends its session's cookie. A script sends a person's access token for the
app's own registration:

\`\`\`sh
TOKEN=$(az account get-access-token --scope "api://CLIENT_ID/.default" --query accessToken -o tsv)
curl -H "Authorization: Bearer $TOKEN" "https://APP/api/incidents?priority=P1,P2&status=New"
\`\`\`

The registration must then expose a scope, and allow the Azure CLI to ask for it. [deploy.md](deploy.md#the-page-for-analysts) says who is let
in. Where \`npm start\` runs, no sign-in is needed: \`curl http://127.0.0.1:7071/api/incidents\`.

## Example: take an incident

\`\`\`sh
API=http://127.0.0.1:7071/api
ID=$(curl -s "$API/incidents?order=priority&limit=1" | jq -r '.incidents[0].IncidentId')
ETAG=$(curl -s -o incident.json -D - "$API/incidents/$ID" | tr -d '\\r' | awk 'tolower($1) == "etag:" { print $2 }')
curl -i -X PATCH "$API/incidents/$ID" -H 'X-Requested-With: pimwatch' -H "If-Match: $ETAG" \\
  -H 'Content-Type: application/json' -d '{"status": "Active", "owner": "Noor Haddad", "comment": "looking"}'
\`\`\`

The answer is 200 with the incident and its new \`ETag\`. If somebody changed the incident meanwhile, the answer is 412, nothing is stored, and
\`current\` in it is the incident as it is now: look at it, and send the change again with the new \`ETag\` if it is still right.

## Routes

Besides its own answers, every route can answer with these; \`/api/health\` only with 500 and 503:

${answersText(shared)}

${operations.map((operation) => operationText(operation, operations, shared)).join("\n\n")}

## Answers

The fields of each JSON answer. \`?\`: may be missing. \`/api/openapi.json\` has the types of nested fields.

${Object.entries(components.schemas)
  .filter(([name]) => name !== "OpenApi")
  .map(([name, schema]) => schemaText(name, schema))
  .join("\n\n")}
`;
}

type TitledOperation = OperationObject & { readonly title: string };
type Responses = OperationObject["responses"];

/** Parameters and answers of an operation, unless another operation or the shared answers have the same. */
function operationText(operation: TitledOperation, all: readonly TitledOperation[], shared: Responses): string {
  const { title, summary, description, parameters = [], requestBody, responses } = operation;
  const isAlike = (other: TitledOperation): boolean => JSON.stringify(other.parameters) === JSON.stringify(parameters);
  const first = all.find(isAlike) ?? operation;
  const table = ["| parameter | value | meaning |", "| --- | --- | --- |", ...parameters.map(parameterText)].join("\n");
  const same = `The parameters are those of [\`${first.title}\`](#${anchorOf(first.title)}).`;
  const own = Object.entries(responses).filter(
    ([status, response]) => JSON.stringify(response) !== JSON.stringify(shared[status]),
  );
  return [
    `### ${title}`,
    `${summary}.${description === undefined ? "" : ` ${description}`}`,
    ...(parameters.length === 0 ? [] : [first === operation || parameters.length < 3 ? table : same]),
    ...Object.values(requestBody?.content ?? {}).map(({ schema }) => `The body is a ${linkTo(schema)} as JSON.`),
    answersText(Object.fromEntries(own)),
  ].join("\n\n");
}

function answersText(responses: Responses): string {
  const rows = Object.entries(responses).map(
    ([status, { description, content, headers = {} }]) =>
      `| ${status} | ${contentText(content)} | ${description}${headersText(Object.keys(headers))} |`,
  );
  return ["| status | body | when |", "| --- | --- | --- |", ...rows].join("\n");
}

function parameterText({ name, in: place, required, description, schema }: Parameter): string {
  const where = place === "query" ? "" : ` (${place})`;
  return `| \`${name}\`${where}${required ? ", required" : ""} | ${valueText(schema)} | ${description} |`;
}

function valueText({ type, items, enum: values, const: only, pattern, ...rest }: JsonSchema): string {
  if (only !== undefined) return `\`${only}\``;
  if (items !== undefined) return `one or more of ${valueText(items)}, comma-separated`;
  const otherwise = rest.default === undefined ? "" : `; otherwise ${rest.default}`;
  if (values !== undefined) return `${values.join(", ")}${otherwise}`;
  if (type === "integer") return `${rest.minimum} to ${rest.maximum}${otherwise}`;
  if (rest.maxLength !== undefined) return `text, at most ${rest.maxLength} characters`;
  return pattern === undefined ? "text" : "text of a fixed form";
}

function contentText(content: Readonly<Record<string, { readonly schema: JsonSchema }>>): string {
  return Object.entries(content)
    .map(([type, { schema }]) => (type.endsWith("json") ? linkTo(schema) : type))
    .join(", ");
}

function headersText(names: readonly string[]): string {
  return names.length === 0 ? "" : ` (header ${names.join(", ")})`;
}

function linkTo({ $ref: reference }: JsonSchema): string {
  const name = (reference ?? "").replace(/^.*\//, "");
  return name === "OpenApi" ? "OpenAPI 3.1" : `[${name}](#${name.toLowerCase()})`;
}

function schemaText(name: string, { description, properties = {}, required = [] }: JsonSchema): string {
  const fields = Object.entries(properties);
  const about = description === undefined ? [] : [`${description.replace(/\.$/, "")}.`];
  // The columns have a list of their own, with type and description.
  if (name.endsWith("Incident") && "IncidentId" in properties) {
    const columns =
      name === "Incident" ? "They are" : `They are ${fields.map(([column]) => `\`${column}\``).join(", ")} of`;
    return [
      `### ${name}`,
      ...about,
      `${columns} those of [incident-columns.json](../infra/incident-columns.json).`,
    ].join("\n\n");
  }
  const rows = fields.map(
    ([field, schema]) =>
      `| \`${field}\`${required.includes(field) ? "" : "?"} | ${typeText(schema)} | ${schema.description ?? ""} |`,
  );
  return [`### ${name}`, ...about, ["| field | is | meaning |", "| --- | --- | --- |", ...rows].join("\n")].join(
    "\n\n",
  );
}

function typeText(schema: JsonSchema): string {
  const { $ref: reference, enum: values, const: only, type, items, anyOf, format } = schema;
  if (reference !== undefined) return linkTo(schema);
  if (only !== undefined) return only;
  if (values !== undefined) return values.map((value) => (value === "" ? "empty" : value)).join(", ");
  if (anyOf !== undefined) return anyOf.map(typeText).join(" or ");
  if (items !== undefined) return `list of ${typeText(items)}`;
  return format === "date-time" ? "time" : [type ?? "any JSON"].flat().join(" or ");
}

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
}
