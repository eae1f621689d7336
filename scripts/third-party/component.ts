/** A third-party component in dist/. */
export interface Component {
  /** Its name and version: https://github.com/package-url/purl-spec */
  readonly purl: string;
  readonly type: "library" | "data";
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  /** An SPDX id or expression. */
  readonly license: string;
  /** Complete licence, notice and copyright texts. */
  readonly texts: readonly string[];
  /** Hash of its installed archive, in hexadecimal. */
  readonly sha512?: string;
  /** Purls of the components that it needs. */
  readonly needs: readonly string[];
  /** Components that it contains in compiled form. */
  readonly parts?: readonly Component[];
}

/** Name and version for people. */
export function titleOf({ group, name, version }: Component): string {
  const whole = group === undefined ? name : `${group}/${name}`;
  return version === undefined ? whole : `${whole} ${version}`;
}

/** A component and all its parts. */
export function withParts(components: readonly Component[]): Component[] {
  return components.flatMap((component) => [component, ...withParts(component.parts ?? [])]);
}
