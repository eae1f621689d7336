import { createHash } from "node:crypto";
import { type Component, withParts } from "./component.ts";

export interface Described {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Purls of its direct dependencies. */
  readonly needs: readonly string[];
}

/**
 * The components of the app as a CycloneDX document. The same app always gives the same document: it contains no time,
 * and its serial number is a hash of its content.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function sbomOf(app: Described, components: readonly Component[]): string {
  const content = {
    metadata: {
      component: {
        type: "application",
        "bom-ref": app.name,
        name: app.name,
        version: app.version,
        licenses: licensesOf(app.license),
      },
    },
    components: components.map(toCycloneDx),
    dependencies: [
      { ref: app.name, dependsOn: app.needs },
      ...withParts(components).map(({ purl, needs, parts = [] }) => ({
        ref: purl,
        dependsOn: [...needs, ...parts.map((part) => part.purl)],
      })),
    ],
  };
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    version: 1,
    ...content,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function toCycloneDx({ purl, type, group, name, version, license, sha512, parts }: Component): object {
  return {
    type,
    "bom-ref": purl,
    ...(group !== undefined && { group }),
    name,
    ...(version !== undefined && { version }),
    ...(sha512 !== undefined && { hashes: [{ alg: "SHA-512", content: sha512 }] }),
    licenses: licensesOf(license),
    purl,
    ...(parts !== undefined && { components: parts.map(toCycloneDx) }),
  };
}

function licensesOf(license: string): object[] {
  return license.includes(" ") ? [{ expression: license }] : [{ license: { id: license } }];
}

/** A UUID of version 8, whose content is free. https://www.rfc-editor.org/rfc/rfc9562#section-5.8 */
function uuidOf(content: string): string {
  const hash = createHash("sha256").update(content).digest("hex");
  const variant = (0x8 | (Number.parseInt(hash.charAt(16), 16) & 0x3)).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    variant + hash.slice(17, 20),
    hash.slice(20, 32),
  ].join("-");
}
