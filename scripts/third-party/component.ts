/** Something in dist/ that others made. */
export interface Component {
  /** What it is and of which version: https://github.com/package-url/purl-spec */
  readonly purl: string;
  readonly type: "library" | "data";
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  /** An SPDX id or expression. */
  readonly license: string;
  /** Licence, notice and copyright texts, whole. */
  readonly texts: readonly string[];
  /** Of the archive that it was installed from, in hexadecimal. */
  readonly sha512?: string;
  /** Purls of what it needs of the others. */
  readonly needs: readonly string[];
  /** What it holds in compiled form. */
  readonly parts?: readonly Component[];
}

/** Name and version, as people write them. */
export function titleOf({ group, name, version }: Component): string {
  const whole = group === undefined ? name : `${group}/${name}`;
  return version === undefined ? whole : `${whole} ${version}`;
}

/** A component and all its parts. */
export function withParts(components: readonly Component[]): Component[] {
  return components.flatMap((component) => [component, ...withParts(component.parts ?? [])]);
}
