import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";

/** A certificate for 127.0.0.1 and localhost that nobody trusts by default. */
export interface LoopbackCertificate {
  readonly key: string;
  readonly pem: string;
  /** A path for NODE_EXTRA_CA_CERTS. */
  readonly file: string;
  remove(): Promise<void>;
}

/** Makes a new certificate, valid for a day, and writes its public part to a temporary file. */
export async function loopbackCertificate(): Promise<LoopbackCertificate> {
  const made = await generate([{ name: "commonName", value: "127.0.0.1" }], {
    keyType: "ec",
    curve: "P-256",
    notAfterDate: new Date(Date.now() + 24 * 60 * 60 * 1000),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, digitalSignature: true, keyEncipherment: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  const folder = await mkdtemp(join(tmpdir(), "logs-ingestion-"));
  const file = join(folder, "certificate.pem");
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  // Also if the process ends without closing, as in `pimwatch … | head`.
  process.once("exit", removeFolder);
  await writeFile(file, made.cert);
  return {
    key: made.private,
    pem: made.cert,
    file,
    async remove() {
      process.off("exit", removeFolder);
      removeFolder();
    },
  };
}
